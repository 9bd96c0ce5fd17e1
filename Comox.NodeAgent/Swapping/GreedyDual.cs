namespace Comox.NodeAgent.Swapping;

/// <summary>
/// What a model is worth in memory: GreedyDual-Size with frequency (Cao and Irani 1997; Cherkasova 1998). A use gives
/// <c>floor + uses × seconds to load ÷ size</c>; who goes raises the floor to its own worth, so that what is not used any more falls behind by itself, however
/// often it was used once.
/// </summary>
internal sealed class GreedyDual
{
    private const double Gibibyte = 1L << 30;

    /// <summary>After so many halvings a use is none.</summary>
    public static readonly TimeSpan HalfLife = TimeSpan.FromMinutes(20);

    private double _floor;

    /// <param name="uses">Of late, decayed.</param>
    /// <param name="loadSeconds">What it takes to have it again.</param>
    /// <param name="bytes">What it holds.</param>
    public double WorthOf(double uses, double loadSeconds, long bytes) => _floor + (uses * loadSeconds / Math.Max(bytes / Gibibyte, 0.01));

    /// <summary>It had to go.</summary>
    public void Evicted(double worth) => _floor = Math.Max(_floor, worth);
}
