using Comox.NodeAgent.Engines.Placement;
using Comox.NodeAgent.Health;
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

/// <summary>The node's places as devices to load into, reconciled with its cards as they are shown.</summary>
internal sealed class ReconciledMemory(NodePlaces places, NodeStatusBoard board, TimeProvider time)
{
    private readonly Dictionary<int, MeasuredMemory> _places = [];

    /// <summary>Once, before anything is reconciled.</summary>
    public async Task<IReadOnlyList<SwapDevice>> DevicesAsync(CancellationToken cancellation)
    {
        var all = await places.AllAsync(cancellation);
        foreach (var place in all.Where(place => !place.IsHost))
            _places[place.Index] = new MeasuredMemory(place);
        return [.. all.Select(place => new SwapDevice(place.Index, place.Bytes, IsHost: place.IsHost))];
    }

    public IReadOnlyList<SwapDevice> Reconcile(IReadOnlyList<SwapDevice> devices, IReadOnlyList<SwapUnit> units)
    {
        if (_places.Count == 0)
            return devices;
        var (cards, now) = (board.Current.Hardware.Cards, time.GetElapsedTime(0));
        return
        [
            .. devices.Select(device => !_places.TryGetValue(device.Index, out var measured) ? device
                : device with { ForeignBytes = measured.Foreign(cards, device.Bytes - new SwapLedger(device, units).Free, now) }),
        ];
    }
}
