using System.Numerics;

namespace Comox.Gateway.Diagnostics;

/// <summary>
/// The pauses between the tokens of one chat, in the buckets of the conventions (0.01 s × 2ⁿ). Recording each pause in two histograms cost more than reading the token itself;
/// this costs an addition, and the store behind <c>/metrics</c> gets all of them at once when the chat is over. Written by one thread at a time.
/// </summary>
internal sealed class ChunkPauses(TimeProvider time)
{
    private const int Bounds = 14;

    private readonly long _unit = time.TimestampFrequency / 100;
    private readonly int[] _counts = new int[Bounds + 1];
    private long _ticks;

    public ReadOnlySpan<int> Counts => _counts;

    public double Seconds => (double)_ticks / time.TimestampFrequency;

    public bool IsEmpty => _ticks == 0 && !_counts.AsSpan().ContainsAnyExcept(0);

    public void Add(long ticks)
    {
        _ticks += ticks;
        // A bucket holds what is at most its bound: n units fit into the first bound that is 2^k ≥ n.
        var units = (ulong)Math.Max(0, (ticks + _unit - 1) / _unit);
        _counts[units <= 1 ? 0 : Math.Min(Bounds, BitOperations.Log2(units - 1) + 1)]++;
    }
}
