using System.Text.Json;

namespace Comox.NodeAgent.ModelCache;

/// <summary>What Comox knows of a blob that it brought into the cache.</summary>
internal sealed record BlobNote
{
    private static readonly TimeSpan HalfLife = TimeSpan.FromDays(7);

    /// <summary>It came in a bundle, and cannot be had again without it.</summary>
    public bool FromBundle { get; init; }

    /// <summary>How long that took; null where nobody measured.</summary>
    public double? Seconds { get; init; }

    /// <summary>Uses up to <see cref="UsedAt"/>; one a week before it counts half.</summary>
    public double Uses { get; init; }

    public DateTimeOffset UsedAt { get; init; }

    public double FrequencyAt(DateTimeOffset now) => Uses * Math.Pow(2, -Math.Max(0, (now - UsedAt) / HalfLife));

    public BlobNote UsedNow(DateTimeOffset now) => this with { Uses = FrequencyAt(now) + 1, UsedAt = now };
}

/// <summary>
/// Notes, one file for each blob, <c>models--org--repo/.comox/HASH.json</c>: several processes write to a cache, and one file for all would make them wait for each
/// other. A blob without a note is another program's, and never evicted.
/// </summary>
internal static class BlobNotes
{
    /// <param name="blob">Path of the blob.</param>
    public static BlobNote? Read(string blob)
    {
        try
        {
            return File.Exists(PathOf(blob)) ? JsonSerializer.Deserialize(File.ReadAllBytes(PathOf(blob)), CacheJson.Default.BlobNote) : null;
        }
        catch (Exception unreadable) when (unreadable is JsonException or IOException or UnauthorizedAccessException)
        {
            return null; // It costs a wrong guess at what to evict, or that it is not evicted.
        }
    }

    public static void Write(string blob, BlobNote note)
    {
        var path = PathOf(blob);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        var draft = $"{path}.{Environment.ProcessId}.new";
        File.WriteAllBytes(draft, JsonSerializer.SerializeToUtf8Bytes(note, CacheJson.Default.BlobNote));
        File.Move(draft, path, overwrite: true);
    }

    /// <summary>The same where the drive may be one that is only read.</summary>
    public static void TryWrite(string blob, BlobNote note)
    {
        try
        {
            Write(blob, note);
        }
        catch (Exception refused) when (refused is IOException or UnauthorizedAccessException)
        {
            // It costs a wrong guess at what to evict.
        }
    }

    public static void Delete(string blob)
    {
        if (Directory.Exists(Path.GetDirectoryName(PathOf(blob))))
            File.Delete(PathOf(blob));
    }

    private static string PathOf(string blob) => Path.Combine(Path.GetDirectoryName(blob)!, "..", ".comox", Path.GetFileName(blob) + ".json");
}
