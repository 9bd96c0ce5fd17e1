using Comox.NodeAgent.Engines.Placement;
using Comox.ServiceDefaults.Contracts.Nodes;

namespace Comox.NodeAgent.Swapping;

/// <summary>
/// Reconciles the ledger of one place with what its cards say: whatever they hold beyond what they held at the start and what the ledger has given out belongs to others, or to
/// engines that take more than was thought, and cannot be given out either.
/// </summary>
internal sealed class MeasuredMemory(EnginePlace place)
{
    /// <summary>What an engine held is still measured for a while after its end: a card is read only so often.</summary>
    public static readonly TimeSpan Lag = TimeSpan.FromSeconds(4);

    // What was given out, and when that was so last.
    private readonly List<(TimeSpan At, long Ours)> _given = [];

    /// <param name="cards">As they were last read.</param>
    /// <param name="ours">What the ledger has given out now, in bytes.</param>
    /// <param name="now">On a clock that never goes back.</param>
    /// <returns>Bytes that the ledger must leave alone; 0 where nothing tells.</returns>
    public long Foreign(IReadOnlyList<GpuStatus> cards, long ours, TimeSpan now)
    {
        _given.RemoveAll(given => now - given.At > Lag || given.Ours == ours);
        _given.Add((now, ours));

        var (held, atStart) = (0L, 0L);
        foreach (var card in place.Cards)
        {
            if (card.MemoryUsedBytes is not { } before || cards.FirstOrDefault(known => known.Index == card.Index)?.MemoryUsedBytes is not { } used)
                return 0;
            (held, atStart) = (held + used, atStart + before);
        }

        // The most that was given out of late: an engine that has just ended may be in the figure.
        return Math.Max(0, held - atStart - _given.Max(given => given.Ours));
    }
}
