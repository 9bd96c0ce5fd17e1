namespace Comox.Gateway.Forwarding;

/// <summary>Answers that are carried to clients at this moment, by what carries them. Touched a few times in an answer, never for an event.</summary>
internal sealed class RelayGauge
{
    private int _linux;
    private int _portable;

    /// <summary>By a socket loop alone.</summary>
    public int Linux => Volatile.Read(ref _linux);

    public int Portable => Volatile.Read(ref _portable);

    public void Begin() => Interlocked.Increment(ref _portable);

    public void End() => Interlocked.Decrement(ref _portable);

    public void ToLoop()
    {
        Interlocked.Decrement(ref _portable);
        Interlocked.Increment(ref _linux);
    }

    public void FromLoop()
    {
        Interlocked.Decrement(ref _linux);
        Interlocked.Increment(ref _portable);
    }
}
