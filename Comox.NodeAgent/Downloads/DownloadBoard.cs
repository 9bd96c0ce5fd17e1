using System.Globalization;
using Comox.ServiceDefaults.Contracts.Nodes;

namespace Comox.NodeAgent.Downloads;

/// <summary>The downloads of this agent as others see them: those that run, and those that failed until they are tried again.</summary>
/// <param name="show">Told of every change worth showing; four a second and download at most.</param>
/// <param name="time">For rates.</param>
internal sealed class DownloadBoard(Action<IReadOnlyList<DownloadStatus>> show, TimeProvider time)
{
    private readonly Lock _lock = new();
    private IReadOnlyList<DownloadStatus> _shown = [];

    public DownloadMeter Begin(string name, long size) => new(this, new DownloadStatus { Name = name, Source = "", TotalBytes = size }, time);

    /// <param name="name">Of the download.</param>
    /// <param name="status">Null: there is nothing to show of it any more.</param>
    public void Set(string name, DownloadStatus? status)
    {
        lock (_lock)
        {
            IEnumerable<DownloadStatus> others = _shown.Where(other => other.Name != name);
            _shown = [.. status is null ? others : others.Append(status)];
            show(_shown);
        }
    }
}

/// <summary>How far one download is, and how fast: over the last seconds, because a mean over hours says nothing about the rest.</summary>
internal sealed class DownloadMeter(DownloadBoard board, DownloadStatus status, TimeProvider time) : IDisposable
{
    private const int Samples = 20;
    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(250);

    private readonly Lock _lock = new();
    private readonly Queue<(long At, long Bytes)> _samples = new();
    private DownloadStatus _status = status;
    private long _shownAt;

    /// <summary>Another source takes over.</summary>
    public void From(string source, long done)
    {
        lock (_lock)
        {
            _samples.Clear();
            _status = _status with { Source = source };
            Show(done);
        }
    }

    public void At(long done)
    {
        lock (_lock)
        {
            if (time.GetElapsedTime(_shownAt) >= Step)
                Show(done);
        }
    }

    public string Words(long done)
    {
        lock (_lock)
        {
            var rate = _status is { BytesPerSecond: { } bytes, SecondsLeft: { } left }
                ? string.Create(CultureInfo.InvariantCulture, $", {bytes / 1e6:0.0} MB/s, {TimeSpan.FromSeconds(Math.Ceiling(left)):c} left")
                : "";
            return string.Create(CultureInfo.InvariantCulture, $"Downloading {_status.Name} from {_status.Source}: {done / 1e6:0.0} of {_status.TotalBytes / 1e6:0.0} MB{rate}");
        }
    }

    public void End(string? problem, string? code)
    {
        lock (_lock)
        {
            _status = _status with { Problem = problem, Code = code, BytesPerSecond = null, SecondsLeft = null };
            board.Set(_status.Name, problem is null ? null : _status);
        }
    }

    public void Dispose()
    {
        if (_status.Problem is null)
            board.Set(_status.Name, null);
    }

    private void Show(long done)
    {
        _shownAt = time.GetTimestamp();
        _samples.Enqueue((_shownAt, done));
        if (_samples.Count > Samples)
            _samples.Dequeue();
        var (at, bytes) = _samples.Peek();
        var seconds = time.GetElapsedTime(at, _shownAt).TotalSeconds;
        var rate = seconds > 0 && done > bytes ? (done - bytes) / seconds : (double?)null;
        _status = _status with { DoneBytes = done, BytesPerSecond = (long?)rate, SecondsLeft = (_status.TotalBytes - done) / rate };
        board.Set(_status.Name, _status);
    }
}
