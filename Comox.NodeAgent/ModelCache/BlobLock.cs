using Comox.NodeAgent.ModelCache.Stores;

namespace Comox.NodeAgent.ModelCache;

/// <summary>
/// huggingface_hub's lock of one blob, <c>.locks/models--org--repo/HASH.lock</c>: <c>flock</c>, which is what an exclusively opened file is on Unix. The file stays:
/// deleting a lock lets two in.
/// </summary>
internal static class BlobLock
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    /// <returns>Null: somebody else has it.</returns>
    public static IDisposable? TryTake(string root, string repository, string blob)
    {
        var folder = Path.Combine(root, ".locks", $"models--{repository.Replace("/", "--", StringComparison.Ordinal)}");
        Directory.CreateDirectory(folder);
        try
        {
            return new FileStream(Path.Combine(folder, blob + ".lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException) when (File.Exists(Path.Combine(folder, blob + ".lock")))
        {
            return null;
        }
    }

    public static async Task<IDisposable> TakeAsync(string root, HubFile file, ProgressReport report, TimeProvider time, CancellationToken cancellation)
    {
        while (true)
        {
            if (TryTake(root, file.Repository, file.Digest.Hex) is { } taken)
                return taken;
            report($"Another program is fetching {file.Name}; waiting for it", null);
            await Task.Delay(Pause, time, cancellation);
        }
    }

    /// <summary>The blob that a file in <c>blobs/</c> is, or is to become.</summary>
    public static string NameOf(string blob) => Path.GetFileName(blob).Split('.')[0];
}
