using System.Globalization;
using Comox.NodeAgent.Hardware.Gpus;
using Comox.ServiceDefaults.Contracts.Nodes;

namespace Comox.NodeAgent.Health.Engines;

/// <summary>What the health of cards means for an engine on them.</summary>
internal static class CardRules
{
    /// <summary>The worst of its cards is the engine's health: it needs all of them.</summary>
    /// <param name="on">The engine's cards, by index.</param>
    /// <param name="cards">Those of the node.</param>
    public static EngineVerdict Judge(IReadOnlyList<int> on, IReadOnlyList<GpuStatus> cards)
    {
        if (on.Count == 0)
            return EngineVerdict.Ok;
        var its = cards.Where(card => on.Contains(card.Index) && card.Health != Healths.Ok).ToList();
        if (its.Count == 0)
            return EngineVerdict.Ok;
        return new EngineVerdict(
            its.Exists(card => card.Health == Healths.Ejected) ? Healths.Ejected : Healths.Degraded,
            [.. its.OrderBy(card => card.Health == Healths.Degraded).SelectMany(card => card.Reasons.Select(reason => $"{Name(card)}: {reason}"))],
            // What is left on a card that is gone computes nothing, and nothing brings it back while the card is away. One that is hot may finish.
            its.Find(card => card.IsLost) is { } lost ? $"{Name(lost)} is gone: {lost.Reasons[0].TrimEnd('.')}" : null);
    }

    /// <summary>The newest error of one of its cards after which an engine is started again. By what was known before and not by dates: those go wrong when the clock is set.</summary>
    /// <param name="on">The engine's cards, by index.</param>
    /// <param name="cards">Those of the node.</param>
    /// <param name="before">The same, just before the engine was ready: what they had reported then is not held against it.</param>
    /// <returns>Its words; null: there is none.</returns>
    public static string? Restarts(IReadOnlyList<int> on, IReadOnlyList<GpuStatus> cards, IReadOnlyList<GpuStatus> before)
    {
        var hit = cards.Where(card => on.Contains(card.Index) && card.LastXid is { } xid && Xids.Of(xid.Code).Action == XidAction.RestartEngine
                && before.FirstOrDefault(known => known.Index == card.Index)?.LastXid != xid)
            .OrderByDescending(card => card.LastXid!.At).FirstOrDefault();
        return hit?.LastXid is not { } last ? null : string.Create(CultureInfo.InvariantCulture, $"{Name(hit)} reported XID {last.Code}: {last.Meaning}");
    }

    private static string Name(GpuStatus card) => string.Create(CultureInfo.InvariantCulture, $"GPU {card.Index} ({card.Name})");
}
