namespace Comox.NodeAgent.ModelCache;

/// <summary>A model in the cache, and the files that are it.</summary>
/// <param name="Model">For <see cref="CacheEviction"/>.</param>
/// <param name="Repository"><c>org/repo</c>.</param>
/// <param name="Links">Its names in the snapshots.</param>
/// <param name="Blobs">Its bytes.</param>
internal sealed record CachedModel(Evictable Model, string Repository, IReadOnlyList<string> Links, IReadOnlyList<string> Blobs);

/// <summary>Reads what a cache holds.</summary>
internal sealed class CacheInventory(BlobLeases leases, Func<string, string, bool> isPinned, DateTimeOffset now)
{
    // A guess until it is measured: a good line at home.
    private const double BytesPerSecond = 50e6;

    public static bool IsDraft(string blob) => blob.EndsWith(".comox.incomplete", StringComparison.Ordinal);

    public IEnumerable<CachedModel> Read(string root) =>
        Directory.Exists(root) ? Directory.EnumerateDirectories(root, "models--*").Order(StringComparer.Ordinal).SelectMany(Repository) : [];

    private List<CachedModel> Repository(string folder)
    {
        var repository = Path.GetFileName(folder)["models--".Length..].Replace("--", "/", StringComparison.Ordinal);
        var files = FilesBelow(Path.Combine(folder, "snapshots"), SearchOption.AllDirectories)
            .Select(link => (Link: link, Blob: BlobLeases.Resolve(link), Name: NameIn(folder, link)))
            .ToList();
        var models = files.GroupBy(file => GgufSelection.ModelOf(file.Name) ?? "")
            .Select(group => Describe(repository, group.Key, [.. group.Select(file => file.Link)], [.. group.Select(file => file.Blob).Distinct().Where(File.Exists)]))
            .ToList();

        // What no snapshot names: drafts, and blobs whose publishing was cut short.
        var named = files.Select(file => file.Blob).ToHashSet();
        models.AddRange(FilesBelow(Path.Combine(folder, "blobs"), SearchOption.TopDirectoryOnly)
            .Where(blob => !named.Contains(blob) && !blob.EndsWith(".journal", StringComparison.Ordinal))
            .Select(blob => Describe(repository, "blobs/" + Path.GetFileName(blob), [], [blob])));
        return models;
    }

    private CachedModel Describe(string repository, string name, IReadOnlyList<string> links, IReadOnlyList<string> blobs)
    {
        var known = blobs.Select(blob => (Blob: blob, new FileInfo(blob).Length, Note: BlobNotes.Read(blob) ?? NoteOfDraft(blob))).ToList();
        var model = new Evictable(
            $"{repository}:{name}",
            known.Sum(blob => blob.Length),
            known.Sum(blob => blob.Note?.Seconds ?? blob.Length / BytesPerSecond),
            known.Max(blob => blob.Note?.FrequencyAt(now)) ?? 0,
            Pinned: known.Any(blob => blob.Note is null or { FromBundle: true }) || isPinned(repository, name),
            Open: known.Any(blob => leases.IsTaken(blob.Blob)));
        return new CachedModel(model, repository, links, blobs);
    }

    // As much worth as a model that was used when the draft was last written to.
    private static BlobNote? NoteOfDraft(string blob) =>
        IsDraft(blob) ? new BlobNote { Uses = 1, UsedAt = new DateTimeOffset(File.GetLastWriteTimeUtc(blob), TimeSpan.Zero) } : null;

    private static IEnumerable<string> FilesBelow(string folder, SearchOption depth) =>
        Directory.Exists(folder) ? Directory.EnumerateFiles(folder, "*", depth).Order(StringComparer.Ordinal) : [];

    // snapshots/COMMIT/sub/file → sub/file
    private static string NameIn(string folder, string link) =>
        string.Join('/', Path.GetRelativePath(folder, link).Split(Path.DirectorySeparatorChar).Skip(2));
}
