namespace Comox.Gateway.Forwarding.Sockets;

/// <summary>
/// Connections to one address that have answered and may answer again. The one that was used last is used next, so that what a peak needed grows old
/// and is closed.
/// </summary>
internal sealed class IdleSockets(TimeProvider time) : IDisposable
{
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(30);

    private readonly Lock _lock = new();
    private readonly List<EngineSocket> _sockets = [];
    private ITimer? _sweep;
    private bool _disposed;

    /// <returns>A connection that its backend has not closed, or null.</returns>
    public EngineSocket? Take()
    {
        while (true)
        {
            EngineSocket socket;
            lock (_lock)
            {
                if (_sockets.Count == 0)
                    return null;
                socket = _sockets[^1];
                _sockets.RemoveAt(_sockets.Count - 1);
            }

            if (socket.IsQuiet())
                return socket;
            socket.Close();
        }
    }

    public void Put(EngineSocket socket)
    {
        socket.IdleSince = time.GetTimestamp();
        lock (_lock)
        {
            if (!_disposed)
            {
                _sockets.Add(socket);
                _sweep ??= time.CreateTimer(static pool => ((IdleSockets)pool!).Sweep(), this, Longest, Timeout.InfiniteTimeSpan);
                return;
            }
        }

        socket.Close();
    }

    public void Dispose()
    {
        EngineSocket[] all;
        lock (_lock)
        {
            _disposed = true;
            all = [.. _sockets];
            _sockets.Clear();
            _sweep?.Dispose();
            _sweep = null;
        }

        foreach (var socket in all)
            socket.Close();
    }

    private void Sweep()
    {
        List<EngineSocket> old;
        lock (_lock)
        {
            if (_disposed)
                return;
            old = [.. _sockets.TakeWhile(socket => time.GetElapsedTime(socket.IdleSince) >= Longest)];
            _sockets.RemoveRange(0, old.Count);
            // What the backend has closed meanwhile would keep a descriptor for nothing.
            old.AddRange(_sockets.Where(socket => !socket.IsQuiet()));
            _sockets.RemoveAll(old.Contains);
            _sweep?.Dispose();
            _sweep = _sockets.Count == 0 ? null : time.CreateTimer(static pool => ((IdleSockets)pool!).Sweep(), this, Longest / 4, Timeout.InfiniteTimeSpan);
        }

        foreach (var socket in old)
            socket.Close();
    }
}
