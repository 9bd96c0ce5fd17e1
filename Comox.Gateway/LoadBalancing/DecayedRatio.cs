namespace Comox.Gateway.LoadBalancing;

/// <summary>
/// Amount per unit over recent samples, where a sample counts half as much after every half-life. Weighing by time alone (the usual EWMA) would ignore all but
/// the first of many samples that come at the same moment, which is what a burst is. Reads take no lock.
/// </summary>
internal sealed class DecayedRatio(TimeSpan halfLife, TimeProvider time)
{
    /// <summary>Below this much weight too little is left of the samples to call it knowledge: about four half-lives after a single one.</summary>
    private const double LeastWeight = 0.06;

    private readonly Lock _lock = new();
    private readonly double _halfLife = halfLife.TotalSeconds * time.TimestampFrequency;
    private double _amount;
    private double _units;
    private double _weight;
    private double _ratio = double.NaN;
    private long _at;
    private long _knownUntil = long.MinValue;

    /// <summary>The last value, however old; NaN before the first sample. For what hardware is, not for how it feels.</summary>
    public double Last => Volatile.Read(ref _ratio);

    /// <param name="now">A timestamp of the time provider.</param>
    /// <returns>NaN when unknown: no sample yet, or all of them too old.</returns>
    public double At(long now) => now <= Volatile.Read(ref _knownUntil) ? Volatile.Read(ref _ratio) : double.NaN;

    /// <param name="amount">For example seconds, or tokens.</param>
    /// <param name="units">What the amount is divided by; above zero. One gives a mean.</param>
    public void Add(double amount, double units = 1)
    {
        var now = time.GetTimestamp();
        lock (_lock)
        {
            var kept = Math.Pow(0.5, Math.Max(0, now - _at) / _halfLife);
            _at = Math.Max(_at, now);
            _amount = (_amount * kept) + amount;
            _units = (_units * kept) + units;
            _weight = (_weight * kept) + 1;
            Volatile.Write(ref _ratio, _amount / _units);
            Volatile.Write(ref _knownUntil, _at + (long)(_halfLife * Math.Log2(_weight / LeastWeight)));
        }
    }
}
