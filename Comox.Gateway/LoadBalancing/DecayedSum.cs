namespace Comox.Gateway.LoadBalancing;

/// <summary>
/// A sum of which half is forgotten after every half-life. One number and its time in one word, so that it takes no lock; exact to some millionths.
/// </summary>
internal sealed class DecayedSum(TimeSpan halfLife, TimeProvider time)
{
    // A tenth of a second is fine enough for half-lives of seconds, and lasts 13 years.
    private readonly double _tick = time.TimestampFrequency / 10.0;
    private readonly double _halfLife = halfLife.TotalSeconds * 10;
    private readonly long _start = time.GetTimestamp();

    // The tick of the last change above, the bits of the sum at that tick below.
    private ulong _state;

    public double At(long now) => Decayed(Volatile.Read(ref _state), Tick(now));

    public void Add(double amount, long now)
    {
        var tick = Tick(now);
        var seen = Volatile.Read(ref _state);
        while (true)
        {
            // A thread that was held up must not turn the clock back.
            var latest = Math.Max(tick, (uint)(seen >> 32));
            var next = ((ulong)latest << 32) | BitConverter.SingleToUInt32Bits((float)(Decayed(seen, latest) + amount));
            var found = Interlocked.CompareExchange(ref _state, next, seen);
            if (found == seen)
                return;
            seen = found;
        }
    }

    private uint Tick(long now) => (uint)(Math.Max(0, now - _start) / _tick);

    private double Decayed(ulong state, uint tick)
    {
        var sum = BitConverter.UInt32BitsToSingle((uint)state);
        var age = Math.Max(0, (long)tick - (uint)(state >> 32));
        return age == 0 || sum == 0 ? sum : sum * Math.Pow(0.5, age / _halfLife);
    }
}
