using System.Collections.Concurrent;
using System.Globalization;

namespace Comox.NodeAgent.Downloads;

/// <summary>Why a source is left.</summary>
/// <param name="Words">The end of a sentence.</param>
/// <param name="IsLie">It contradicts itself or what was announced: asking again cannot help.</param>
internal sealed record SourceEnd(string Words, bool IsLie = false);

/// <summary>
/// Fetches from one source what is missing in a draft.
/// <code>
/// (1) cut the gaps into pieces; each connection takes the next one
/// (2) ask for it; check that the answer is what was asked for, of the file that was announced
/// (3) write block by block; silence counts as a cut
/// (4) after a cut wait a little, or as long as the server says, and go on: patience ends after three tries in a row that brought nothing
/// (5) a server that sends the whole whatever is asked is read once from its start, and only the gaps are written
/// </code>
/// </summary>
internal sealed class SourceTransfer(DownloadDraft draft, IDownloadSource source, Action<string?> report, TimeProvider time)
{
    private const int FruitlessTries = 3;
    private const long SmallestPiece = 8 << 20;
    private const long LargestPiece = 256 << 20;
    private static readonly TimeSpan Silence = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan FirstDelay = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestDelay = TimeSpan.FromMinutes(5);

    private readonly ConcurrentQueue<ByteRange> _pieces = new();
    private string? _entity;
    private SourceEnd? _end;
    private bool _sendsWhole;

    /// <returns>Null when nothing is missing any more.</returns>
    public async Task<SourceEnd?> RunAsync(CancellationToken cancellation)
    {
        Plan(); // (1)
        while (!_pieces.IsEmpty && _end is null)
        {
            using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
            var connections = _sendsWhole ? 1 : Math.Min(draft.Order.Connections, _pieces.Count);
            try
            {
                await Task.WhenAll(Enumerable.Range(0, connections).Select(_ => WorkAsync(stop)));
            }
            catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
            {
                // One connection has ended it for all, and said why.
            }

            Plan();
        }

        return _end;
    }

    private void Plan()
    {
        _pieces.Clear();
        if (_sendsWhole)
        {
            if (draft.Missing().Count > 0)
                _pieces.Enqueue(new ByteRange(0, draft.Size));
            return;
        }

        // Several pieces for each connection: a slow one then does not leave the others idle for long.
        var piece = draft.Order.Connections == 1 ? long.MaxValue : Math.Clamp(draft.Size / (draft.Order.Connections * 4), SmallestPiece, LargestPiece);
        foreach (var gap in draft.Missing())
        {
            for (var at = gap.From; at < gap.To; at += piece)
            {
                _pieces.Enqueue(new ByteRange(at, gap.To - at <= piece ? gap.To : at + piece));
                if (gap.To - at <= piece)
                    break;
            }
        }
    }

    private async Task WorkAsync(CancellationTokenSource stop)
    {
        var whole = _sendsWhole;
        var (fruitless, had) = (0, draft.Have);
        try
        {
            while (_pieces.TryDequeue(out var piece))
            {
                while (draft.Missing(piece) is [var first, ..] missing)
                {
                    var (cut, patience) = await TryAsync(whole ? piece : new ByteRange(first.From, missing[^1].To), stop.Token);
                    if (cut is null)
                        continue;
                    if (_sendsWhole != whole)
                    {
                        await stop.CancelAsync();
                        return;
                    }

                    // (4) What the other connections brought counts, too: a server that went away for a moment cuts all of them at once, and each tries for itself.
                    (fruitless, had) = draft.Have is var have && have > had ? (0, have) : (fruitless + 1, had);
                    if (cut.IsLie || fruitless >= FruitlessTries)
                    {
                        Interlocked.CompareExchange(ref _end, cut, null);
                        await stop.CancelAsync();
                        return;
                    }

                    report($"{cut.Words}; going on");
                    await Task.Delay(patience ?? FirstDelay * (1 << fruitless), time, stop.Token);
                }
            }
        }
        catch
        {
            await stop.CancelAsync(); // A disk that refuses refuses the other connections, too.
            throw;
        }
    }

    /// <returns>No cut: all of it is there. And how long the server asks to be left alone.</returns>
    private async Task<(SourceEnd? Cut, TimeSpan? Patience)> TryAsync(ByteRange range, CancellationToken cancellation)
    {
        using var alarm = new CancellationTokenSource(Silence, time);
        using var quiet = CancellationTokenSource.CreateLinkedTokenSource(alarm.Token, cancellation);
        var (opened, cut) = await OverNetworkAsync(() => source.OpenAsync(range, _entity, quiet.Token), cancellation); // (2)
        if (opened is null)
            return (cut, null);
        using var answer = opened;
        if (Judge(answer, range) is { } wrong)
            return (wrong, answer.RetryAfter > LongestDelay ? LongestDelay : answer.RetryAfter);

        // A rented buffer would come back dirty and larger than a block; this one lives as long as its connection.
        var block = new byte[draft.BlockBytes];
        var at = answer.From;
        while (at < range.To)
        {
            var wanted = (int)Math.Min(block.Length, range.To - at);
            var filled = 0;
            cut = null;
            while (filled < wanted && cut is null) // (3)
            {
                alarm.CancelAfter(Silence);
                (var read, cut) = await OverNetworkAsync(() => answer.Body.ReadAsync(block.AsMemory(filled, wanted - filled), quiet.Token).AsTask(), cancellation);
                if (cut is null && read == 0)
                    cut = new SourceEnd("the connection was closed too early");
                filled += read;
            }

            foreach (var gap in draft.Missing(new ByteRange(at, at + filled)))
                draft.Write(gap.From, block.AsSpan((int)(gap.From - at), (int)gap.Length), source.Name);
            at += filled;
            report(null);
            if (cut is not null)
                return (cut, null);
        }

        return (null, null);
    }

    private SourceEnd? Judge(SourceAnswer answer, ByteRange range)
    {
        switch (answer.Status)
        {
            case 416:
                return new SourceEnd($"the server says the file ends before byte {Text(range.From)}, and {Text(draft.Size)} bytes were announced", IsLie: true);
            case not (200 or 206):
                // 4xx: it will say so again. 408, 425 and 429 are about this moment.
                return new SourceEnd($"the server answered {answer}", IsLie: answer.Status is >= 400 and < 500 and not (408 or 425 or 429));
        }

        if (answer.Total is { } total && total != draft.Size)
            return new SourceEnd($"the server has {Text(total)} bytes, and {Text(draft.Size)} were announced", IsLie: true);
        if (answer.Entity is { } entity && Interlocked.CompareExchange(ref _entity, entity, null) is { } before && before != entity)
            return new SourceEnd("the file was changed on the server meanwhile", IsLie: true);
        if (answer.Status == 200 && range.From > 0) // (5)
        {
            _sendsWhole = true;
            return new SourceEnd("the server sends no parts");
        }

        return answer.From == range.From ? null : new SourceEnd($"the server sent byte {Text(answer.From)} on, and byte {Text(range.From)} on was asked for", IsLie: true);
    }

    // Around the network alone: the disk throws the same exceptions, and they mean something else.
    private static async Task<(T? Value, SourceEnd? Cut)> OverNetworkAsync<T>(Func<Task<T>> step, CancellationToken cancellation)
    {
        try
        {
            return (await step(), null);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return (default, new SourceEnd("the server fell silent"));
        }
        catch (Exception cut) when (cut is HttpRequestException or IOException)
        {
            return (default, new SourceEnd(cut is HttpRequestException { HttpRequestError: HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError }
                ? "the server cannot be reached"
                : "the connection was cut"));
        }
    }

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);
}
