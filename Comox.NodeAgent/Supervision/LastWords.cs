using System.Globalization;
using System.Text.RegularExpressions;

namespace Comox.NodeAgent.Supervision;

/// <summary>Why an engine died, in its own words.</summary>
internal static partial class LastWords
{
    // Starting again changes nothing about these.
    private static readonly string[] BadModel = ["error loading model", "failed to load model", "unsupported model architecture"];
    private static readonly string[] BadProgram = ["error: invalid argument", "error: unknown argument", "no backends are loaded"];

    private static readonly string[] TakenPort = ["couldn't bind HTTP server socket"];

    /// <param name="exitCode">Its exit code.</param>
    /// <param name="wasReady">Whether it had loaded its model.</param>
    /// <param name="lines">What it wrote since its start.</param>
    public static (string Reason, bool IsHopeless) Explain(int exitCode, bool wasReady, IReadOnlyList<string> lines)
    {
        // "0.00.013.447 E llama_model_load: error loading model: …": the first error is the cause, those after it are its consequences.
        // Of an engine that ran, older errors are of requests long gone; only what it said at the very end counts.
        var errors = lines.Skip(wasReady ? Math.Max(0, lines.Count - 5) : 0).Select(line => ErrorLine().Match(line)).Where(match => match.Success).Select(match => match.Groups["text"].Value);
        var words = errors.FirstOrDefault() ?? (wasReady ? null : lines.LastOrDefault(line => line.Length > 0));
        var hopeless = !wasReady && (Has(lines, BadModel) || Has(lines, BadProgram));
        var isTaken = !wasReady && Has(lines, TakenPort);
        return ($"llama-server {Ending(exitCode)}{(words is null ? "" : $": {words.Trim()}")}{(isTaken ? "; another program took the port first, and the next start gets another port" : "")}", hopeless);
    }

    /// <summary>True when no other model would have helped.</summary>
    public static bool BlameTheProgram(IReadOnlyList<string> lines) => Has(lines, BadProgram);

    private static bool Has(IReadOnlyList<string> lines, string[] words) => lines.Any(line => Array.Exists(words, known => line.Contains(known, StringComparison.OrdinalIgnoreCase)));

    // A process that a signal ended is reported as 128 + signal.
    private static string Ending(int exitCode) => exitCode switch
    {
        137 => "was killed (signal 9; the system does that when memory runs out)",
        139 => "crashed (signal 11)",
        135 => "could not read memory that its model's file stands for (signal 7: the file was cut short, or its disk fails)",
        134 => "aborted (signal 6)",
        132 => "crashed on an instruction this CPU does not have (signal 4)",
        > 128 and < 160 => string.Create(CultureInfo.InvariantCulture, $"was ended by signal {exitCode - 128}"),
        _ => string.Create(CultureInfo.InvariantCulture, $"exited with code {exitCode}"),
    };

    [GeneratedRegex(@"^([\d.]+ E (\w+\s+)?\S+?:\s+|error: )(?<text>.+)$", RegexOptions.ExplicitCapture)]
    private static partial Regex ErrorLine();
}
