using Comox.NodeAgent.Engines.Provisioning;
using Comox.NodeAgent.Hardware;
using Comox.ServiceDefaults.Contracts.Nodes;
using Microsoft.Extensions.Options;

namespace Comox.NodeAgent.Engines.Placement;

/// <summary>Memory that engines are put into: a card, several of them together, or the machine's own.</summary>
/// <param name="Index">Its number on this node.</param>
/// <param name="Cards">None: the machine's own memory, for engines on the CPU.</param>
/// <param name="Bytes">What engines may have of it.</param>
internal sealed record EnginePlace(int Index, IReadOnlyList<GpuStatus> Cards, long Bytes)
{
    public bool IsHost => Cards.Count == 0;
}

/// <summary>The places of this node, as they were when the agent started.</summary>
internal sealed class NodePlaces(NodeCards cards, IOptions<NodeAgentOptions> options)
{
    // What the driver and other programs take of a card beside what they hold now.
    private const double CardShare = 0.95;
    private const double HostShare = 0.8;

    private IReadOnlyList<EnginePlace>? _all;

    public async Task<IReadOnlyList<EnginePlace>> AllAsync(CancellationToken cancellation)
    {
        if (Volatile.Read(ref _all) is { } known)
            return known;
        var made = Of(
            await cards.AtStartAsync(cancellation),
            [.. EngineSpec.Of(options.Value).Select(spec => spec.Cards)],
            options.Value.Swapping.MemoryBytes ?? (long)((HardwareReader.AvailableMemory() ?? long.MaxValue / 2) * HostShare));
        return Interlocked.CompareExchange(ref _all, made, null) ?? made;
    }

    /// <param name="cards">Those of the node.</param>
    /// <param name="spread">The cards that models name; several: they are one place, and no place for others.</param>
    /// <param name="hostBytes">What engines may have of the machine's memory.</param>
    /// <returns>The machine's memory is the last of them.</returns>
    internal static IReadOnlyList<EnginePlace> Of(IReadOnlyList<GpuStatus> cards, IReadOnlyList<IReadOnlyList<int>> spread, long hostBytes)
    {
        var groups = spread.Where(group => group.Count > 1).Select(group => cards.Where(card => group.Contains(card.Index)).ToList()).Where(group => group.Count > 1).ToList();
        var taken = groups.SelectMany(group => group).Select(card => card.Index).ToHashSet();
        IEnumerable<IReadOnlyList<GpuStatus>> places = [.. cards.Where(card => !taken.Contains(card.Index)).Select(card => (IReadOnlyList<GpuStatus>)[card]), .. groups, []];
        return [.. places.Select((place, index) => new EnginePlace(index, place, place.Count == 0 ? hostBytes : place.Sum(Free)))];
    }

    private static long Free(GpuStatus card) => (long)((card.MemoryFreeBytes ?? (card.MemoryTotalBytes * 9 / 10) ?? 0) * CardShare);
}

/// <summary>Which of the places an engine may be put into.</summary>
internal static class EnginePlacement
{
    /// <summary>Those that the engine can use and the settings allow; a card before the machine's memory, where one is large enough.</summary>
    /// <returns>Failed: none, in words.</returns>
    public static Outcome<IReadOnlyList<EnginePlace>> Of(EngineSpec engine, IEngineKind kind, EngineProgram program, long bytes, IReadOnlyList<EnginePlace> places)
    {
        var named = places.Where(place => engine.Cards.Count == 0 ? place.Cards.Count <= 1 : place.Cards.Select(card => card.Index).Order().SequenceEqual(engine.Cards.Order())).ToList();
        if (engine.Cards.Count > 0 && named.Count == 0)
            return Outcome<IReadOnlyList<EnginePlace>>.Failed($"The settings put it on card {string.Join(", ", engine.Cards)}, and this node has {Words(places)}. Correct Cards, then restart the agent.");
        var usable = named.Where(place => kind.CanUse(program, place)).ToList();
        if (usable.Count == 0)
            return Outcome<IReadOnlyList<EnginePlace>>.Failed($"{kind.Program} cannot use what this node has: {Words(named)}. {kind.CannotUse}");
        var large = usable.Where(place => !place.IsHost && place.Bytes >= bytes).ToList();
        var host = usable.Where(place => place.IsHost).ToList();
        return Outcome<IReadOnlyList<EnginePlace>>.Of(large.Count > 0 ? large : host.Count > 0 ? host : usable);
    }

    private static string Words(IEnumerable<EnginePlace> places) =>
        places.SelectMany(place => place.Cards).Select(card => $"card {card.Index} ({card.Name})").ToList() is { Count: > 0 } cards ? string.Join(", ", cards) : "no card";
}
