using Comox.NodeAgent.Downloads;
using Comox.NodeAgent.ModelCache.Stores;
using Comox.ServiceDefaults.Contracts.Nodes;

namespace Comox.NodeAgent.ModelCache;

/// <summary>
/// A folder in Hugging Face's cache layout, so that other programs find our downloads and we find theirs:
/// <code>
/// models--org--repo/blobs/SHA256            the bytes
/// models--org--repo/refs/main               the commit that main was, last time it was asked for
/// models--org--repo/snapshots/COMMIT/NAME   → ../../blobs/SHA256
/// </code>
/// </summary>
internal sealed class HubCache(string root)
{
    public string Root => root;

    /// <summary>All GGUF files in the snapshots, with their repository; a broken link is not one.</summary>
    public IEnumerable<(string Repository, string Path)> Files()
    {
        if (!Directory.Exists(root))
            yield break;
        foreach (var folder in Directory.EnumerateDirectories(root, "models--*--*").Order(StringComparer.Ordinal))
        {
            var parts = Path.GetFileName(folder).Split("--", 3);
            var snapshots = Path.Combine(folder, "snapshots");
            if (parts.Length != 3 || !Directory.Exists(snapshots))
                continue;
            foreach (var file in Directory.EnumerateFiles(snapshots, "*.gguf", SearchOption.AllDirectories).Order(StringComparer.Ordinal))
            {
                if (File.Exists(file))
                    yield return ($"{parts[1]}/{parts[2]}", file);
            }
        }
    }

    /// <summary>The file that <paramref name="wanted"/> means among those here, or null.</summary>
    public string? Find(ModelReference.OnHub wanted)
    {
        var here = Files().Where(file => file.Repository.Equals(wanted.Repository, StringComparison.OrdinalIgnoreCase)).ToList();
        var newest = here.GroupBy(file => SnapshotOf(file.Path))
            .OrderByDescending(snapshot => IsMain(snapshot.Key)).ThenByDescending(snapshot => Directory.GetLastWriteTimeUtc(snapshot.Key));
        foreach (var snapshot in newest)
        {
            var name = GgufSelection.Choose(snapshot.Select(file => Path.GetRelativePath(snapshot.Key, file.Path).Replace('\\', '/')), wanted.Selector);
            // Of a model in parts all have to be here.
            if (name is not null && (!GgufSelection.IsPart(name) || GgufSelection.PartsWith(name).All(part => File.Exists(Path.Combine(snapshot.Key, part)))))
                return Path.Combine(snapshot.Key, name);
        }

        return null;
    }

    /// <summary>The newest snapshot of the repository that has a whole model in safetensors, or null.</summary>
    public string? FindFolder(string repository, string config = "config.json")
    {
        var snapshots = Path.Combine(FolderOf(repository), "snapshots");
        return !Directory.Exists(snapshots) ? null : Directory.EnumerateDirectories(snapshots)
            .OrderByDescending(IsMain).ThenByDescending(Directory.GetLastWriteTimeUtc)
            .FirstOrDefault(snapshot => Safetensors.IsWhole(snapshot, config));
    }

    /// <returns>Path of the blob, whole; null: it is not here.</returns>
    public string? FindBlob(ContentDigest digest) =>
        Directory.Exists(root)
            ? Directory.EnumerateDirectories(root, "models--*").Select(folder => Path.Combine(folder, "blobs", digest.Hex)).FirstOrDefault(File.Exists)
            : null;

    /// <returns>What is here of the commit that main was; null: nothing.</returns>
    public CachedRepository? Describe(string repository)
    {
        var folder = FolderOf(repository);
        var main = Path.Combine(folder, "refs", "main");
        if (ModelReference.Parse(repository) is not ModelReference.OnHub || !File.Exists(main))
            return null;
        var commit = File.ReadAllText(main).Trim();
        var snapshot = Path.Combine(folder, "snapshots", commit);
        if (!HubClient.IsCommit(commit) || !Directory.Exists(snapshot))
            return null;
        return new CachedRepository(commit, [..
            from file in Directory.EnumerateFiles(snapshot, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal)
            let blob = BlobLeases.Resolve(file)
            where ContentDigest.Parse(Path.GetFileName(blob)) is not null && File.Exists(blob)
            select new CachedFile(Path.GetRelativePath(snapshot, file).Replace('\\', '/'), Path.GetFileName(blob), new FileInfo(blob).Length)]);
    }

    /// <summary>Where the bytes of <paramref name="file"/> gather while they are fetched.</summary>
    public string PartialPath(HubFile file)
    {
        Directory.CreateDirectory(Path.Combine(Repository(file), "blobs"));

        // Not SHA256.incomplete: there, huggingface_hub took the length of the file for what had been fetched, and ours may have gaps.
        return BlobPath(file) + ".comox.incomplete";
    }

    /// <summary>Where versions of huggingface_hub that resume leave what they had; without gaps.</summary>
    public string BeginningPath(HubFile file) => BlobPath(file) + ".incomplete";

    public bool HasBlob(HubFile file) => new FileInfo(BlobPath(file)) is { Exists: true, Length: var length } && length == file.Size;

    /// <summary>Makes a verified <see cref="PartialPath"/> visible: first the blob, then the snapshot, last the ref. After a kill in between it is done again.</summary>
    /// <returns>The path in the snapshot.</returns>
    public string Publish(HubFile file)
    {
        var blob = BlobPath(file);
        if (File.Exists(PartialPath(file)))
        {
            File.Move(PartialPath(file), blob, overwrite: true);
            FolderFlush.Run(Path.GetDirectoryName(blob)!);
        }

        var snapshot = Path.Combine(Repository(file), "snapshots", file.Commit, file.Name);
        var folder = Path.GetDirectoryName(snapshot)!;
        Directory.CreateDirectory(folder);
        if (OperatingSystem.IsWindows())
        {
            File.Move(blob, snapshot, overwrite: true); // A link needs a privilege there; the hub's own client does the same.
        }
        else
        {
            // Renamed over the old one: at no moment is there none.
            File.Delete(snapshot + ".new");
            File.CreateSymbolicLink(snapshot + ".new", Path.GetRelativePath(folder, blob));
            File.Move(snapshot + ".new", snapshot, overwrite: true);
        }

        FolderFlush.Run(folder);
        var main = Path.Combine(Repository(file), "refs", "main");
        Directory.CreateDirectory(Path.GetDirectoryName(main)!);
        File.WriteAllText(main + ".new", file.Commit);
        File.Move(main + ".new", main, overwrite: true);
        return snapshot;
    }

    /// <summary>Removes what an eviction leaves empty: huggingface_hub calls a ref without a snapshot a damaged cache.</summary>
    /// <param name="repository">That lost something.</param>
    /// <param name="coming">Drafts that are promised room, though they may not be there yet: their folder stays.</param>
    public void Tidy(string repository, IEnumerable<string> coming)
    {
        var folder = FolderOf(repository);
        var snapshots = Path.Combine(folder, "snapshots");
        if (Directory.Exists(snapshots))
        {
            foreach (var empty in Directory.EnumerateDirectories(snapshots, "*", SearchOption.AllDirectories).OrderByDescending(path => path.Length).Where(IsEmpty).ToList())
                Directory.Delete(empty);
        }

        var refs = Path.Combine(folder, "refs");
        if (Directory.Exists(refs))
        {
            foreach (var dangling in Directory.EnumerateFiles(refs, "*", SearchOption.AllDirectories).Where(file => !Directory.Exists(Path.Combine(snapshots, File.ReadAllText(file)))).ToList())
                File.Delete(dangling);
        }

        var blobs = Path.Combine(folder, "blobs");
        if (IsEmpty(snapshots) && IsEmpty(blobs) && !coming.Any(draft => Path.GetDirectoryName(draft) == blobs))
            Directory.Delete(folder, recursive: true);
    }

    private static bool IsEmpty(string folder) => !Directory.Exists(folder) || !Directory.EnumerateFileSystemEntries(folder).Any();

    private static bool IsMain(string snapshot)
    {
        var main = Path.Combine(Path.GetDirectoryName(snapshot)!, "..", "refs", "main");
        return File.Exists(main) && File.ReadAllText(main) == Path.GetFileName(snapshot);
    }

    private string SnapshotOf(string path)
    {
        var parts = Path.GetRelativePath(root, path).Split(Path.DirectorySeparatorChar);
        return Path.Combine([root, .. parts[..3]]);
    }

    private string Repository(HubFile file) => FolderOf(file.Repository);

    private string FolderOf(string repository) => Path.Combine(root, $"models--{repository.Replace("/", "--", StringComparison.Ordinal)}");

    public string BlobPath(HubFile file) => Path.Combine(Repository(file), "blobs", file.Digest.Hex);
}
