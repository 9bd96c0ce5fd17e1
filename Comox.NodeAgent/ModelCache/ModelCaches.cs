using Comox.NodeAgent.Downloads;
using Comox.ServiceDefaults.Contracts.Nodes;

namespace Comox.NodeAgent.ModelCache;

/// <summary>Our own cache, into which we write, and those of other programs, from which we only read.</summary>
internal sealed class ModelCaches(CacheDrive drive, BlobLeases leases, IConfiguration configuration, TimeProvider time)
{
    private readonly Dictionary<string, IReadOnlyList<IDisposable>> _used = new(StringComparer.Ordinal);

    private HubCache Own => new(drive.Folder);

    /// <returns>Failed: our own is not what it should be, and nothing in it is to be relied on.</returns>
    public Outcome<string> Check() => drive.Check();

    public string? Find(ModelReference.OnHub wanted) => All().Select(cache => cache.Find(wanted)).FirstOrDefault(path => path is not null);

    /// <param name="repository">On the hub.</param>
    /// <param name="config">The file that makes it one: an adapter has another than a model.</param>
    /// <returns>The folder of a whole model in safetensors; null: no cache has it.</returns>
    public string? FindFolder(string repository, string config = "config.json") => All().Select(cache => cache.FindFolder(repository, config)).FirstOrDefault(folder => folder is not null);

    public IEnumerable<(string Repository, string Path)> Files() => All().SelectMany(cache => cache.Files());

    /// <returns>Path of the blob, whole; null: no cache has it.</returns>
    public string? FindBlob(ContentDigest digest) => All().Select(cache => cache.FindBlob(digest)).FirstOrDefault(path => path is not null);

    public CachedRepository? Describe(string repository) => All().Select(cache => cache.Describe(repository)).FirstOrDefault(found => found is { Files.Count: > 0 });

    /// <summary>An engine is given <paramref name="files"/>: they are not evicted before that engine is given others.</summary>
    /// <param name="engine">The setting that names its model.</param>
    /// <param name="files">The files, or links to them.</param>
    public void Use(string engine, IReadOnlyList<string> files)
    {
        var taken = files.Select(leases.Take).ToList();
        lock (_used)
        {
            foreach (var before in _used.GetValueOrDefault(engine) ?? [])
                before.Dispose();
            _used[engine] = taken;
        }

        foreach (var blob in files.Select(BlobLeases.Resolve))
        {
            if (BlobNotes.Read(blob) is { } note)
                BlobNotes.TryWrite(blob, note.UsedNow(time.GetUtcNow()));
        }
    }

    private IEnumerable<HubCache> All()
    {
        yield return Own;
        if (configuration["HF_HUB_CACHE"] is { Length: > 0 } cache)
            yield return new HubCache(cache);
        else if (configuration["HF_HOME"] is { Length: > 0 } folder)
            yield return new HubCache(Path.Combine(folder, "hub"));
    }
}
