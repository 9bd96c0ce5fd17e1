using Comox.NodeAgent.Downloads;
using Comox.NodeAgent.ModelCache.Stores;
using Comox.ServiceDefaults.Contracts.OpenAI;
using Microsoft.Extensions.Options;

namespace Comox.NodeAgent.ModelCache;

/// <summary>
/// Brings one file into the cache.
/// <code>
/// (1) is the cache the one it should be, and may a file of this kind be in it?
/// (2) take the blob's lock: another process may be fetching it, and then it is here afterwards
/// (3) make room
/// (4) fetch it, verified
/// (5) publish it, and note what it cost
/// </code>
/// </summary>
internal sealed class ModelFetch(CacheDrive drive, CacheRoom room, ModelStores stores, VerifiedDownload download, IOptions<NodeAgentOptions> options, TimeProvider time)
{
    /// <returns>Its path in the snapshot.</returns>
    public async Task<Outcome<string>> RunAsync(HubFile file, ProgressReport report, CancellationToken cancellation)
    {
        var folder = drive.Check(); // (1)
        if (!folder.IsSuccess)
            return folder;
        if (ModelFiles.Refusal(file.Name) is { } refused)
            return Outcome<string>.Failed(refused, ErrorCodes.FileRefused);

        var cache = new HubCache(folder.Value);
        var draft = cache.PartialPath(file);
        try
        {
            using var hold = await BlobLock.TakeAsync(folder.Value, file, report, time, cancellation); // (2)
            if (!cache.HasBlob(file))
            {
                var promised = room.Reserve(folder.Value, draft, file.Name, file.Size); // (3)
                if (!promised.IsSuccess)
                    return Outcome<string>.Failed(promised.Problem, promised.Code);
                using var promise = promised.Value;

                var sources = await stores.SourcesOfAsync(file, cancellation);

                // Asked for again, because that makes its folder: until room was promised there it may have gone with the last model in it.
                var order = new DownloadOrder(file.Name, cache.PartialPath(file), file.Digest, file.Size, sources)
                {
                    Beginning = cache.BeginningPath(file),
                    Connections = options.Value.Cache.Connections,
                };
                var (begun, whole) = (time.GetTimestamp(), !File.Exists(draft)); // Of a rest the time says little about the whole.
                var fetched = await download.RunAsync(order, report, cancellation); // (4)
                if (!fetched.IsSuccess)
                    return fetched;
                BlobNotes.Write(cache.BlobPath(file), new BlobNote { Seconds = whole ? time.GetElapsedTime(begun).TotalSeconds : null, UsedAt = time.GetUtcNow(), Uses = 1 });
            }

            var path = cache.Publish(file); // (5)
            download.Forget(draft);
            return Outcome<string>.Of(path);
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            return Outcome<string>.Failed($"The model cannot be written: {problem.Message}", ErrorCodes.DownloadFailed);
        }
    }
}
