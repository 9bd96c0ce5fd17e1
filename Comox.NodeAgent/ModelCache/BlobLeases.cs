namespace Comox.NodeAgent.ModelCache;

/// <summary>
/// Which files of the cache are used or fetched at the moment; they are not evicted. A lease keeps the file open, which on Unix is a shared lock (<c>flock</c>):
/// so another process that makes room, the verb <c>fetch</c> for example, sees it, too.
/// </summary>
internal sealed class BlobLeases
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, int> _taken = [];

    /// <param name="path">A file, or a link to it: the file is meant.</param>
    /// <returns>Ends the lease when disposed.</returns>
    public IDisposable Take(string path)
    {
        var blob = Resolve(path);
        var held = File.Exists(blob) ? new FileStream(blob, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete) : null;
        lock (_lock)
            _taken[blob] = _taken.GetValueOrDefault(blob) + 1;
        return new Lease(this, blob, held);
    }

    public bool IsTaken(string blob)
    {
        lock (_lock)
            return _taken.ContainsKey(blob);
    }

    /// <summary>Whether any process of Comox has <paramref name="blob"/> open.</summary>
    public static bool IsHeld(string blob)
    {
        try
        {
            using var alone = new FileStream(blob, FileMode.Open, FileAccess.Read, FileShare.None);
            return false;
        }
        catch (FileNotFoundException)
        {
            return false;
        }
        catch (Exception held) when (held is IOException or UnauthorizedAccessException)
        {
            return true;
        }
    }

    /// <summary>Where the bytes are.</summary>
    public static string Resolve(string path) =>
        File.Exists(path) && File.ResolveLinkTarget(path, returnFinalTarget: true) is { } target ? target.FullName : Path.GetFullPath(path);

    private void Return(string blob)
    {
        lock (_lock)
        {
            if (--_taken[blob] == 0)
                _taken.Remove(blob);
        }
    }

    private sealed class Lease(BlobLeases leases, string blob, FileStream? held) : IDisposable
    {
        private bool _returned;

        public void Dispose()
        {
            if (_returned)
                return;
            _returned = true;
            held?.Dispose();
            leases.Return(blob);
        }
    }
}
