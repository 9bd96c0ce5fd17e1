using System.Text.RegularExpressions;

namespace Comox.NodeAgent.Engines.VLlm;

/// <summary>
/// Why a vLLM died, in its own words: the lines of Python's exceptions, each with the process that wrote it before it.
/// <code>
/// (EngineCore_DP0 pid=123) ERROR 06-03 12:30:47 [core.py:1165] ValueError: No available memory for the cache blocks.
/// (APIServer pid=100) RuntimeError: Engine core initialization failed. See root cause above.
/// vllm: error: unrecognized arguments: --no-such-flag
/// </code>
/// </summary>
internal static partial class VLlmWords
{
    // Starting again changes nothing about these.
    private static readonly string[] BadModel =
    [
        "are not supported for now", "does not recognize this architecture", "Cannot find any model weights", "is not a valid", "Unknown quantization method", "is only supported on GPUs with compute capability",
        "The quantization method", "Error while deserializing header",
    ];

    private static readonly string[] BadProgram =
        ["unrecognized arguments:", "invalid choice:", "ModuleNotFoundError", "ImportError", "Failed to infer device type", "NVIDIA driver on your system is too old", "No CUDA GPUs are available"];

    // Out of memory: what else is on the card may have gone when it is started again; a second time is for the policy to count.
    public static EngineDeath Explain(int exitCode, bool wasReady, IReadOnlyList<string> lines)
    {
        // The first exception is the cause, those after it its consequences. Of an engine that ran only what it said at the very end counts.
        var errors = lines.Skip(wasReady ? Math.Max(0, lines.Count - 12) : 0).Select(line => ErrorLine().Match(line)).Where(match => match.Success).Select(match => match.Groups["text"].Value);
        var words = errors.FirstOrDefault() ?? (wasReady ? null : lines.LastOrDefault(line => line.Length > 0));
        var program = !wasReady && Has(lines, BadProgram);
        return new EngineDeath($"vllm {EngineEnding.Of(exitCode)}{(words is null ? "" : $": {words.Trim()}")}", !wasReady && (program || Has(lines, BadModel)), program);
    }

    private static bool Has(IReadOnlyList<string> lines, string[] words) => lines.Any(line => Array.Exists(words, known => line.Contains(known, StringComparison.Ordinal)));

    [GeneratedRegex(@"^(\(\w+ pid=\d+\) )?(ERROR \S+ \S+ \[[^\]]+\] )?((?<text>[\w.]*(Error|Exception): .+)|vllm.*: error: (?<text>.+))$", RegexOptions.ExplicitCapture)]
    private static partial Regex ErrorLine();
}
