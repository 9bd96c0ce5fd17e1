using Comox.NodeAgent.ModelCache;

namespace Comox.NodeAgent.Engines.LlamaCpp;

/// <summary>How much memory a llama-server needs: its weights, the keys and values of all its slots, and what the program itself takes.</summary>
internal static class LlamaCppMemory
{
    // Buffers of the computation and the program: measured 60 to 300 MB, with the model's width.
    private const long Program = 64L << 20;
    private const double ComputeShare = 0.02;

    /// <summary>Keys and values of an 8-billion-parameter model with grouped heads; larger ones have more in proportion.</summary>
    private const double GuessedBytesPerTokenPerParameter = 131_072 / 8e9;

    public static long Estimate(ModelInfo model, int slots, int slotContext)
    {
        var perToken = model.KeyValueBytesPerToken ?? (long)(model.Parameters * GuessedBytesPerTokenPerParameter);
        return model.SizeBytes + (perToken * slots * slotContext) + (long)(model.SizeBytes * ComputeShare) + Program;
    }
}
