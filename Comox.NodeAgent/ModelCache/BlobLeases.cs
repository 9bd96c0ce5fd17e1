namespace Comox.NodeAgent.ModelCache;

/// <summary>Which files of the cache this process uses or fetches at the moment; they are not evicted.</summary>
internal sealed class BlobLeases
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, int> _taken = [];

    /// <param name="path">A file, or a link to it: the file is meant.</param>
    /// <returns>Ends the lease when disposed.</returns>
    public IDisposable Take(string path)
    {
        var blob = Resolve(path);
        lock (_lock)
            _taken[blob] = _taken.GetValueOrDefault(blob) + 1;
        return new Lease(this, blob);
    }

    public bool IsTaken(string blob)
    {
        lock (_lock)
            return _taken.ContainsKey(blob);
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

    private sealed class Lease(BlobLeases leases, string blob) : IDisposable
    {
        private bool _returned;

        public void Dispose()
        {
            if (!_returned)
                leases.Return(blob);
            _returned = true;
        }
    }
}
