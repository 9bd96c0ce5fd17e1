using System.Text.RegularExpressions;

namespace Comox.NodeAgent.Engines.LlamaCpp;

/// <summary>Why a llama-server died, in its own words.</summary>
internal static partial class LlamaCppWords
{
    // Starting again changes nothing about these.
    private static readonly string[] BadModel = ["error loading model", "failed to load model", "unsupported model architecture"];
    private static readonly string[] BadProgram = ["error: invalid argument", "error: unknown argument", "no backends are loaded"];

    // What else is on the card or in memory may have gone when it is started again; whether it ever will is for the restart policy to count.
    private static readonly string[] NoRoom = ["out of memory", "unable to allocate", "failed to allocate"];

    private static readonly string[] TakenPort = ["couldn't bind HTTP server socket"];

    public static EngineDeath Explain(int exitCode, bool wasReady, IReadOnlyList<string> lines)
    {
        // "0.00.013.447 E llama_model_load: error loading model: …": the first error is the cause, those after it are its consequences.
        // Of an engine that ran, older errors are of requests long gone; only what it said at the very end counts.
        var errors = lines.Skip(wasReady ? Math.Max(0, lines.Count - 5) : 0).Select(line => ErrorLine().Match(line)).Where(match => match.Success).Select(match => match.Groups["text"].Value);
        var words = errors.FirstOrDefault() ?? (wasReady ? null : lines.LastOrDefault(line => line.Length > 0));
        var hopeless = !wasReady && ((Has(lines, BadModel) && !Has(lines, NoRoom)) || Has(lines, BadProgram));
        var isTaken = !wasReady && Has(lines, TakenPort);
        return new EngineDeath(
            $"llama-server {EngineEnding.Of(exitCode)}{(words is null ? "" : $": {words.Trim()}")}{(isTaken ? "; another program took the port first, and the next start gets another port" : "")}",
            hopeless,
            Has(lines, BadProgram));
    }

    private static bool Has(IReadOnlyList<string> lines, string[] words) => lines.Any(line => Array.Exists(words, known => line.Contains(known, StringComparison.OrdinalIgnoreCase)));

    [GeneratedRegex(@"^([\d.]+ E (\w+\s+)?\S+?:\s+|error: )(?<text>.+)$", RegexOptions.ExplicitCapture)]
    private static partial Regex ErrorLine();
}
