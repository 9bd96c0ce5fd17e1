using Comox.NodeAgent.ModelCache;
using Comox.ServiceDefaults.Contracts.Nodes;

namespace Comox.NodeAgent.Engines.VLlm;

/// <summary>How much of a card a vLLM needs, and how it is told what it may take.</summary>
internal static class VLlmMemory
{
    // CUDA itself, its graphs and the room for one batch, on each card. Estimated, not measured.
    private const long EachCard = 1536L << 20;
    private const double WeightsShare = 1.03;
    private const double OwnDefault = 0.9;
    private const double GuessedBytesPerTokenPerParameter = 131_072 / 8e9;

    public static long Estimate(ModelInfo model, int slots, int slotContext, int cards)
    {
        var perToken = model.KeyValueBytesPerToken ?? (long)(model.Parameters * GuessedBytesPerTokenPerParameter);
        return (long)(model.SizeBytes * WeightsShare) + (perToken * slots * slotContext) + (EachCard * Math.Max(1, cards));
    }

    /// <summary>The share of a card's whole memory that it may take: what it was given, and never so much that nothing is left for the driver.</summary>
    /// <param name="bytes">On all the cards together.</param>
    /// <param name="cards">Those it runs on.</param>
    public static double Utilization(long bytes, IReadOnlyList<GpuStatus> cards)
    {
        var smallest = cards.Count == 0 ? 0 : cards.Min(card => card.MemoryTotalBytes ?? 0);
        return smallest <= 0 ? OwnDefault : Math.Clamp(Math.Ceiling((double)bytes / cards.Count / smallest * 100) / 100, 0.05, 0.95);
    }
}
