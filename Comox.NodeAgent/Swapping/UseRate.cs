namespace Comox.NodeAgent.Swapping;

/// <summary>
/// How probable it is that a model is asked for again soon. Two counters that decay, because there are two reasons to come back: a conversation goes on (within a minute), and a model
/// is liked (over an hour). The larger rate counts. Seconds are those of any clock that only goes forward.
/// </summary>
internal sealed class UseRate
{
    /// <summary>What "soon" is, in seconds. Of 2, 5 and 10 minutes the one with the fewest loads and the soonest first tokens over simulated fleets.</summary>
    private const double Soon = 300;

    private static readonly double[] HalfLives = [60, 1200];

    private readonly double[] _uses = new double[HalfLives.Length];
    private double _at;

    public void Used(double now)
    {
        for (var at = 0; at < HalfLives.Length; at++)
            _uses[at] = Decayed(at, now) + 1;
        _at = now;
    }

    /// <summary>0 … 1: the chance of a use within five minutes, if they come as evenly as of late (Poisson).</summary>
    public double Reuse(double now)
    {
        var rate = 0.0;
        for (var at = 0; at < HalfLives.Length; at++)
            rate = Math.Max(rate, Decayed(at, now) * Math.Log(2) / HalfLives[at]);
        return 1 - Math.Exp(-rate * Soon);
    }

    private double Decayed(int at, double now) => _uses[at] * Math.Pow(0.5, (now - _at) / HalfLives[at]);
}
