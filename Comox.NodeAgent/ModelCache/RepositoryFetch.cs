using Comox.NodeAgent.ModelCache.Stores;

namespace Comox.NodeAgent.ModelCache;

/// <summary>Brings all the files of a model into the cache, one after the other.</summary>
internal sealed class RepositoryFetch(ModelFetch fetch, BlobLeases leases)
{
    /// <returns>The path of the only file, else the folder of the snapshot.</returns>
    public async Task<Outcome<string>> RunAsync(IReadOnlyList<HubFile> files, ProgressReport report, CancellationToken cancellation)
    {
        // Held until all are there: the last file must not make room by evicting the first.
        var held = new List<IDisposable>();
        try
        {
            var folder = "";
            // What makes a folder a model comes last: a cache that has it has all the others.
            foreach (var file in files.OrderBy(file => file.Name is "config.json" or "adapter_config.json"))
            {
                var fetched = await fetch.RunAsync(file, report, cancellation);
                if (!fetched.IsSuccess || files.Count == 1)
                    return fetched;
                held.Add(leases.Take(fetched.Value));
                folder = fetched.Value[..^(file.Name.Length + 1)];
            }

            return Outcome<string>.Of(folder);
        }
        finally
        {
            held.ForEach(lease => lease.Dispose());
        }
    }
}
