namespace Comox.FakeBackend.Simulation;

/// <summary>
/// An RTX 3090 as it was measured by others, as formulas. Per token of a batch of B: <c>ITL = p · (a + b · (B − 1)) + KV read / 600 GB/s</c>. The constants are for an 8B model
/// of 8 bits (8.5 GB) at 220 W: a = 16.6 ms and b = 0.32 ms are those of a measured 12B model (24.3 and 0.47 ms, fitting every point up to a batch of 64 within 3 %;
/// github.com/alesha-pro/4x3090-llm-benchmarks) × 0.68, the ratio of their bytes; both grow with a model's bytes. Prefill and loading are estimates from bandwidths.
/// </summary>
/// <param name="ReadBytesPerSecond">Of the drive: NVMe of generation 4, 5 GB/s; 3.5 GB/s is generation 3.</param>
/// <param name="CopyBytesPerSecond">Into the card's memory: PCIe 4 x16, about 12 GB/s from ordinary memory; a riser with one lane has 0.9.</param>
/// <param name="Derate">1: as measured; a card that is too hot is 1.2 to 1.4 times as slow.</param>
public sealed record CardModel(double ReadBytesPerSecond = 5e9, double CopyBytesPerSecond = 12e9, double Derate = 1)
{
    public const long Bytes = 24L << 30;

    /// <summary>What others and the driver take.</summary>
    public const long Reserve = 1L << 30;

    private const double Reference = 8.5e9;
    private const double First = 0.0166;
    private const double Further = 0.00032;
    private const double PrefillPerSecond = 3800;
    private const double KvBytesPerToken = 131_072;
    private const double KvBytesPerSecond = 600e9;

    /// <summary>A process, its context on the card, and its graphs: llama.cpp and vLLM with what it has compiled before.</summary>
    private const double StartSeconds = 0.8;

    /// <summary>How long one token of each of so many answers takes.</summary>
    /// <param name="weights">Bytes of the model.</param>
    /// <param name="batch">Answers that are written at once.</param>
    /// <param name="context">Tokens of all of them together.</param>
    public double TokenSeconds(long weights, int batch, long context) =>
        batch == 0 ? 0 : (Derate * weights / Reference * (First + (Further * (batch - 1)))) + (context * KvBytesPerToken * weights / Reference / KvBytesPerSecond);

    /// <summary>How long it takes to read so many tokens of a prompt.</summary>
    public double PrefillSeconds(long weights, int tokens) => Derate * tokens * weights / Reference / PrefillPerSecond;

    /// <summary>Keys and values that fit beside the weights, in tokens.</summary>
    public static int KvTokens(long weights, long memory) => (int)Math.Max(0, (memory - weights) / (KvBytesPerToken * weights / Reference));

    /// <summary>From the drive, or from memory that still has the file, into the card; the legs overlap.</summary>
    public double LoadSeconds(long weights, bool inPageCache) => StartSeconds + (weights / (inPageCache ? CopyBytesPerSecond : Math.Min(CopyBytesPerSecond, ReadBytesPerSecond)));
}
