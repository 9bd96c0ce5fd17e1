using Comox.NodeAgent.Downloads;
using Comox.NodeAgent.Engines;
using Comox.ServiceDefaults.Contracts.OpenAI;
using Microsoft.Extensions.Options;

namespace Comox.NodeAgent.ModelCache;

/// <summary>How much a drive has left.</summary>
internal interface IDriveSpace
{
    /// <returns>Bytes that this user may still write.</returns>
    long FreeBytes(string folder);
}

internal sealed class LocalDriveSpace : IDriveSpace
{
    public long FreeBytes(string folder) => new DriveInfo(folder).AvailableFreeSpace;
}

/// <summary>Keeps the cache within its size and the drive's reserve: room is made before a file is fetched, never after.</summary>
internal sealed class CacheRoom(IOptions<NodeAgentOptions> options, BlobLeases leases, IDriveSpace drive, TimeProvider time, ILogger<CacheRoom> log)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, long> _promised = [];

    /// <summary>Makes room for a file that will gather at <paramref name="draft"/>.</summary>
    /// <returns>The promise of that room, until disposed; or in words why there is none.</returns>
    public Outcome<IDisposable> Reserve(string root, string draft, string name, long bytes)
    {
        lock (_lock)
        {
            var lease = leases.Take(draft);
            _promised[draft] = bytes;
            var problem = MakeRoom(root, name, bytes);
            if (problem is null)
                return Outcome<IDisposable>.Of(new Promise(this, draft, lease));
            _promised.Remove(draft);
            lease.Dispose();
            return Outcome<IDisposable>.Failed(problem, ErrorCodes.CacheFull);
        }
    }

    private string? MakeRoom(string root, string name, long bytes)
    {
        var cache = options.Value.Cache;
        var models = new CacheInventory(leases, IsPinned, time.GetUtcNow()).Read(root).ToList();
        var used = models.SelectMany(model => model.Blobs).Distinct().Where(blob => !_promised.ContainsKey(blob)).Sum(blob => new FileInfo(blob).Length) + _promised.Values.Sum();
        var coming = _promised.Sum(promise => Math.Max(0, promise.Value - (File.Exists(promise.Key) ? new FileInfo(promise.Key).Length : 0)));
        var excess = Math.Max(used - (cache.SizeBytes ?? long.MaxValue), coming + cache.ReserveBytes - drive.FreeBytes(root));
        if (excess <= 0)
            return null;
        models = [.. models.Select(model => model.Model.MayGo && model.Blobs.Any(BlobLeases.IsHeld) ? model with { Model = model.Model with { Open = true } } : model)];
        if (CacheEviction.Choose(models.Select(model => model.Model), excess) is not { } going)
        {
            var evictable = models.Where(model => model.Model.MayGo).Sum(model => model.Model.Bytes);
            return $"{name} ({ByteSize.Text(bytes)}) does not fit into the model cache {root}: {ByteSize.Text(excess)} must go, and {ByteSize.Text(evictable)} may " +
                $"(what is in use, pinned, named in the settings, out of a bundle or another program's stays{(options.Value.Offline ? $", and with {NodeAgentOptions.Section}:Offline everything does" : "")}). " +
                $"Delete models, use a larger drive, or change {CacheOptions.Section}:Size, :Reserve or :Pins.";
        }

        foreach (var model in models.Where(model => going.Contains(model.Model)))
        {
            log.Evicted(model.Model.Id, model.Model.Bytes, name);
            Delete(model, models, root);
        }

        return null;
    }

    // First the names, then the bytes: a kill in between leaves a blob that nothing names, and that goes first the next time.
    private void Delete(CachedModel model, IReadOnlyList<CachedModel> all, string root)
    {
        foreach (var link in model.Links)
            File.Delete(link);
        var shared = all.Where(other => other != model).SelectMany(other => other.Links.Count > 0 ? other.Blobs : []).ToHashSet();
        foreach (var blob in model.Blobs.Where(blob => !shared.Contains(blob)))
        {
            using var hold = BlobLock.TryTake(root, model.Repository, BlobLock.NameOf(blob));
            if (hold is null)
                continue; // Another program fetches it at the moment.
            File.Delete(blob);
            File.Delete(DownloadJournal.PathOf(blob));
            BlobNotes.Delete(blob);
        }

        new HubCache(root).Tidy(model.Repository, coming: _promised.Keys);
    }

    private bool IsPinned(string repository, string name)
    {
        if (options.Value.Offline)
            return true; // It could not be had again.
        // What the settings name is going to be served, and no lease says so before its engine has taken it, nor while no agent runs.
        var served = EngineSpec.Of(options.Value).SelectMany(spec => spec.Artifacts.Select(artifact => artifact.Model).Concat(spec.Adapters.Select(adapter => adapter.Model)));
        return options.Value.Cache.Pins.Concat(served.OfType<string>()).Select(ModelReference.Parse).OfType<ModelReference.OnHub>().Any(pin =>
            pin.Repository.Equals(repository, StringComparison.OrdinalIgnoreCase)
            && (pin.Selector is null || Stem(name).EndsWith(Stem(pin.Selector), StringComparison.OrdinalIgnoreCase)));

        // A model in parts is one model.
        static string Stem(string file) => Path.GetFileNameWithoutExtension(GgufSelection.ModelOf(file) ?? file);
    }

    private void End(string draft)
    {
        lock (_lock)
            _promised.Remove(draft);
    }

    private sealed class Promise(CacheRoom room, string draft, IDisposable lease) : IDisposable
    {
        public void Dispose()
        {
            room.End(draft);
            lease.Dispose();
        }
    }
}
