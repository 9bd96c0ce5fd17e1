namespace Comox.Gateway.Backends;

/// <summary>When a node was last heard. Its watcher writes, on any thread; who looks for silence reads.</summary>
internal sealed class NodePulse(TimeProvider time)
{
    private long _heardAt = time.GetTimestamp();
    private volatile bool _isQuiet;
    private volatile bool _isSilent;
    private volatile bool _isLost;

    /// <summary>Not heard for longer than its beat explains: others are asked while there are any.</summary>
    public bool IsQuiet => _isQuiet;

    /// <summary>Not heard for so long that what it was sent is asked for elsewhere.</summary>
    public bool IsSilent => _isSilent;

    /// <summary>Nobody waits for it any more.</summary>
    public bool IsLost => _isLost;

    public TimeSpan Silence(long now) => time.GetElapsedTime(Volatile.Read(ref _heardAt), now);

    public void Heard()
    {
        Volatile.Write(ref _heardAt, time.GetTimestamp());
        (_isQuiet, _isSilent, _isLost) = (false, false, false);
    }

    /// <summary>What its silence was taken for.</summary>
    public void Judge(bool isQuiet, bool isSilent) => (_isQuiet, _isSilent) = (isQuiet, isSilent);

    public void Lost() => _isLost = true;
}
