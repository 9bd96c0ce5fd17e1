using System.Threading.Channels;
using Comox.ServiceDefaults;

namespace Comox.Gateway.Recall;

/// <summary>
/// Owns the outbox. Requests queue what they want written and wait; whatever has queued up meanwhile goes to the disk in one transaction.
/// </summary>
internal sealed class OutboxWriter(ComoxHome home, ILogger<OutboxWriter> logger) : IDisposable
{
    private const int MaxBatch = 256;

    private readonly Channel<Write> _writes = Channel.CreateUnbounded<Write>(new UnboundedChannelOptions { SingleReader = true });
    private ReplyOutbox? _outbox;
    private volatile string? _fault = "it has not been opened";

    /// <summary>Why nothing can be written; null when the last write succeeded.</summary>
    public string? Fault => _fault;

    public bool IsOpen => _outbox is not null;

    /// <returns>What an earlier run left over.</returns>
    public IReadOnlyList<StoredReply> Open()
    {
        _outbox = ReplyOutbox.Open(Path.Combine(home.Folder("gateway"), "outbox.db"));
        _fault = null;
        return _outbox.ReadAll();
    }

    /// <returns>The id once it is on disk; null when it could not be written.</returns>
    public Task<long?> AddAsync(PendingReply reply) => QueueAsync(new Write { Added = reply });

    public Task RemoveAsync(long id) => QueueAsync(new Write { Removed = id });

    /// <summary>Keeps the reply as a dead letter.</summary>
    public Task SetAsideAsync(long id, string reason) => QueueAsync(new Write { Refused = new RefusedReply(id, reason) });

    /// <summary>
    /// Tries whether replies can be written again, where the last write failed: whoever is sent nothing, because it is not ready, writes nothing that would show it.
    /// </summary>
    public Task TryAsync() => QueueAsync(new Write { IsTrial = true });

    /// <summary>Writes until <see cref="Complete"/>, then writes what is left.</summary>
    public async Task RunAsync()
    {
        var batch = new List<Write>();
        while (await _writes.Reader.WaitToReadAsync())
        {
            batch.Clear();
            while (batch.Count < MaxBatch && _writes.Reader.TryRead(out var write))
                batch.Add(write);
            Apply(batch);
        }
    }

    public void Complete() => _writes.Writer.TryComplete();

    public void Dispose() => _outbox?.Dispose();

    private Task<long?> QueueAsync(Write write)
    {
        if (!_writes.Writer.TryWrite(write))
            write.Done.SetResult(null);
        return write.Done.Task;
    }

    private void Apply(List<Write> batch)
    {
        // Whatever else is written shows it as well.
        var isTrial = batch.TrueForAll(write => write.IsTrial);
        try
        {
            if (isTrial)
                _outbox!.Try();
            var added = batch.Where(write => write.Added is not null).ToList();
            var ids = _outbox!.Apply(
                [.. added.Select(write => write.Added!)],
                [.. batch.Where(write => write.Removed is not null).Select(write => write.Removed!.Value)],
                [.. batch.Where(write => write.Refused is not null).Select(write => write.Refused!)]);
            _fault = null;
            for (var i = 0; i < added.Count; i++)
                added[i].Done.SetResult(ids[i]);
            foreach (var write in batch.Where(write => write.Added is null))
                write.Done.SetResult(write.Removed ?? write.Refused?.Id);
        }
        catch (Exception problem)
        {
            // Whatever it is, it is this batch that failed: the requests in it are told, and the next batch is tried.
            _fault = problem.Message;
            if (!isTrial)
                RecallLog.OutboxFailed(logger, problem);
            foreach (var write in batch)
                write.Done.TrySetResult(null);
        }
    }

    /// <summary>One of the four.</summary>
    private sealed class Write
    {
        public bool IsTrial { get; init; }
        public PendingReply? Added { get; init; }
        public long? Removed { get; init; }
        public RefusedReply? Refused { get; init; }
        public TaskCompletionSource<long?> Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
