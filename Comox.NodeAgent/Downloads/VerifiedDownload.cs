using Comox.ServiceDefaults.Contracts.OpenAI;

namespace Comox.NodeAgent.Downloads;

/// <summary>
/// Fetches one file, from as many sources and over as many tries and processes as it takes, and keeps it only when its digest is right.
/// <code>
/// (1) believe what an earlier try left, block by block
/// (2) ask each source in turn for what is missing, and leave it when it does not help
/// (3) compare the digest
/// (4) wrong: throw all away, because resuming wrong bytes can never succeed, and go on without the nearer sources that had a part in it
/// </code>
/// </summary>
internal sealed class VerifiedDownload(IDownloadDisk disk, DownloadBoard board, TimeProvider time)
{
    /// <returns>
    /// The path of the whole, verified file: <see cref="DownloadOrder.PartialPath"/>. Its journal is beside it until <see cref="Forget"/>.
    /// A disk that refuses is an <see cref="IOException"/>, and what was written stays.
    /// </returns>
    public async Task<Outcome<string>> RunAsync(DownloadOrder order, ProgressReport report, CancellationToken cancellation)
    {
        if ((order.Size ?? await AskSizeAsync(order, cancellation)) is not { } size)
            return Outcome<string>.Failed($"The download of {order.Name} did not begin: no server says how long it is.", ErrorCodes.DownloadFailed);
        using var meter = board.Begin(order.Name, size);
        report($"Looking at what is there of {order.Name}", null);
        using var draft = await DownloadDraft.OpenAsync(disk, order, size, cancellation); // (1)
        try
        {
            var outcome = await RunAsync(draft, meter, report, cancellation);
            meter.End(outcome.Problem, outcome.Code);
            return outcome;
        }
        finally
        {
            if (disk.Exists(order.PartialPath))
                draft.Flush();
        }
    }

    /// <summary>Removes the journal of a file that has been taken to its place.</summary>
    public void Forget(string partialPath) => disk.Delete(DownloadJournal.PathOf(partialPath));

    private async Task<Outcome<string>> RunAsync(DownloadDraft draft, DownloadMeter meter, ProgressReport report, CancellationToken cancellation)
    {
        var order = draft.Order;
        var sources = order.Sources.ToList();
        while (true)
        {
            SourceEnd? end = null;
            foreach (var source in sources) // (2)
            {
                meter.From(source.Name, draft.Have);
                end = await new SourceTransfer(draft, source, cut => Tell(cut, source.Name), time).RunAsync(cancellation);
                if (end is null)
                    break;
                Tell(end.Words, source.Name);
            }

            if (draft.Missing().Count > 0)
            {
                return Outcome<string>.Failed(
                    $"The download of {order.Name} broke off: {end?.Words ?? "there is no source"}. What is there stays for the next try.",
                    end?.IsLie == true ? ErrorCodes.DownloadContradicted : ErrorCodes.DownloadFailed);
            }

            report($"Checking {order.Name}", 1);
            if (await draft.IsRightAsync(cancellation)) // (3)
                return Outcome<string>.Of(order.PartialPath);

            var doubtful = draft.Sources.Where(name => name != order.Sources[^1].Name).ToList(); // (4)
            if (doubtful.Count == 0)
            {
                draft.Delete(disk);
                return Outcome<string>.Failed(
                    $"The download of {order.Name} has the wrong {(order.Digest.IsSha256 ? "SHA-256" : "SHA-1")} and was thrown away; what the server sends is not what it announces.",
                    ErrorCodes.DownloadCorrupt);
            }

            await draft.ClearAsync(disk, cancellation);
            sources.RemoveAll(source => doubtful.Contains(source.Name));
            Tell($"it came out wrong with the help of {string.Join(", ", doubtful)}, and starts over without", sources[^1].Name);
        }

        void Tell(string? cut, string source)
        {
            var words = cut is null ? meter.Words(draft.Have) : $"The download of {order.Name} from {source}: {cut}";
            meter.At(draft.Have);
            report(words, Math.Clamp((double)draft.Have / draft.Size, 0, 1));
        }
    }

    private static async Task<long?> AskSizeAsync(DownloadOrder order, CancellationToken cancellation)
    {
        foreach (var source in order.Sources)
        {
            try
            {
                using var answer = await source.OpenAsync(new ByteRange(0, long.MaxValue), entity: null, cancellation);
                if (answer is { Status: 200 or 206, Total: { } total })
                    return total;
            }
            catch (Exception unreachable) when (unreachable is HttpRequestException or IOException)
            {
                // The next one may say it.
            }
        }

        return null;
    }
}
