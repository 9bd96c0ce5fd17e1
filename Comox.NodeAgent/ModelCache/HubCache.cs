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
        var newest = here.GroupBy(file => SnapshotOf(file.Path)).OrderByDescending(snapshot => Directory.GetLastWriteTimeUtc(snapshot.Key));
        foreach (var snapshot in newest)
        {
            var name = GgufSelection.Choose(snapshot.Select(file => Path.GetRelativePath(snapshot.Key, file.Path).Replace('\\', '/')), wanted.Selector);
            if (name is not null)
                return Path.Combine(snapshot.Key, name);
        }

        return null;
    }

    /// <summary>Where the bytes of <paramref name="file"/> gather while they are fetched.</summary>
    public string PartialPath(HubFile file)
    {
        Directory.CreateDirectory(Path.Combine(Repository(file), "blobs"));
        return BlobPath(file) + ".incomplete";
    }

    /// <summary>Makes a verified <see cref="PartialPath"/> visible: first the blob, then the snapshot, last the ref.</summary>
    /// <returns>The path in the snapshot.</returns>
    public string Publish(HubFile file)
    {
        File.Move(PartialPath(file), BlobPath(file), overwrite: true);

        var snapshot = Path.Combine(Repository(file), "snapshots", file.Commit, file.Name);
        var folder = Path.GetDirectoryName(snapshot)!;
        Directory.CreateDirectory(folder);
        File.Delete(snapshot);
        if (OperatingSystem.IsWindows())
            File.Move(BlobPath(file), snapshot); // A link needs a privilege there; the hub's own client does the same.
        else
            File.CreateSymbolicLink(snapshot, Path.GetRelativePath(folder, BlobPath(file)));

        var main = Path.Combine(Repository(file), "refs", "main");
        Directory.CreateDirectory(Path.GetDirectoryName(main)!);
        File.WriteAllText(main + ".new", file.Commit);
        File.Move(main + ".new", main, overwrite: true);
        return snapshot;
    }

    private string SnapshotOf(string path)
    {
        var parts = Path.GetRelativePath(root, path).Split(Path.DirectorySeparatorChar);
        return Path.Combine([root, .. parts[..3]]);
    }

    private string Repository(HubFile file) => Path.Combine(root, $"models--{file.Repository.Replace("/", "--")}");

    private string BlobPath(HubFile file) => Path.Combine(Repository(file), "blobs", file.Sha256);
}
