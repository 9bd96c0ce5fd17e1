using Comox.ServiceDefaults.Contracts.Nodes;
using Comox.Web.Controls;

namespace Comox.Web.Fleet;

/// <summary>Memory in use against what there is, in bytes; null: unknown.</summary>
internal readonly record struct NodeMemory(long? Used, long? Total)
{
    /// <summary>0…1; null: unknown.</summary>
    public double? Part => Used is { } used && Total is > 0 and var total ? (double)used / total : null;

    /// <summary>"61.2 GB of 80 GB".</summary>
    public string Words => (Used, Total) switch
    {
        (null, null) => Wording.Unknown,
        (null, _) => $"{Wording.Unknown}, of {Wording.Bytes(Total)}",
        _ => $"{Wording.Bytes(Used)} of {Wording.Bytes(Total)}",
    };

    public static NodeMemory Of(GpuStatus card) => new(card.MemoryUsedBytes, card.MemoryTotalBytes);

    /// <summary>That of the cards, where models are; of a node without one, the machine's own. A sum with an unknown part is unknown.</summary>
    public static NodeMemory Of(NodeHardware hardware) => hardware.Cards.Count > 0
        ? new(Sum(hardware.Cards.Select(card => card.MemoryUsedBytes)), Sum(hardware.Cards.Select(card => card.MemoryTotalBytes)))
        : new(hardware.MemoryBytes - hardware.MemoryAvailableBytes, hardware.MemoryBytes);

    private static long? Sum(IEnumerable<long?> parts) => parts.Aggregate((long?)0, (sum, part) => sum + part);
}
