using System.ComponentModel;
using System.Diagnostics;
using System.Text.RegularExpressions;

namespace Comox.NodeAgent.Engines.Provisioning;

/// <summary>An engine's program that has been seen to run.</summary>
/// <param name="Path">Absolute.</param>
/// <param name="Version">As it says itself: <c>0.7.0 (build 11669, commit Debian)</c>.</param>
internal sealed record EngineProgram(string Path, string Version)
{
    /// <summary>The devices it says it can compute on, beside the CPU.</summary>
    public IReadOnlyList<EngineDevice> Devices { get; init; } = [];

    /// <summary>What a person should know of it on this machine; null: nothing.</summary>
    public string? Notice { get; init; }
}

/// <summary>A device as an engine's program knows it.</summary>
/// <param name="Name"><c>CUDA0</c>, <c>Vulkan1</c>.</param>
/// <param name="Description">The card's name, mostly.</param>
internal sealed record EngineDevice(string Name, string Description);

/// <summary>What a try told.</summary>
/// <param name="Outcome">The program, or why it is none.</param>
/// <param name="IsDefinite">False when it only took too long: another time it may run.</param>
internal readonly record struct EngineProbeResult(Outcome<EngineProgram> Outcome, bool IsDefinite);

/// <summary>Finds out whether a file is a llama-server that runs here.</summary>
internal sealed partial class EngineProbe(TimeProvider time)
{
    // A cold disk and a busy machine make even --version slow: it loads every library of the engine.
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    public async Task<Outcome<EngineProgram>> TryAsync(string path, CancellationToken cancellation) => (await ProbeAsync(path, cancellation)).Outcome;

    public async Task<EngineProbeResult> ProbeAsync(string path, CancellationToken cancellation)
    {
        if (!File.Exists(path))
            return Unusable($"{path} does not exist");
        using var limit = new CancellationTokenSource(Limit, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellation);
        var start = LaunchPlan.WithoutSecrets(new ProcessStartInfo(path, ["--version"]) { RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true });
        try
        {
            using var process = Process.Start(start)!;
            try
            {
                process.StandardInput.Close();
                var output = process.StandardOutput.ReadToEndAsync(both.Token);
                var errors = process.StandardError.ReadToEndAsync(both.Token);
                await process.WaitForExitAsync(both.Token);
                var match = VersionLine().Match(await errors + "\n" + await output);
                return process.ExitCode == 0 && match.Success
                    ? new EngineProbeResult(Outcome<EngineProgram>.Of(new EngineProgram(path, match.Groups["version"].Value.Trim())), IsDefinite: true)
                    : Unusable($"{path} is not a llama-server that runs here: {LastLine(await errors) ?? $"it exits with code {process.ExitCode}"}");
            }
            catch (OperationCanceledException)
            {
                process.Kill(entireProcessTree: true);
                cancellation.ThrowIfCancellationRequested();
                return new EngineProbeResult(Outcome<EngineProgram>.Failed($"{path} did not answer to --version within {Limit.TotalSeconds:0} s"), IsDefinite: false);
            }
        }
        catch (Win32Exception problem)
        {
            return Unusable($"{path} cannot be started: {problem.Message}");
        }
    }

    private static EngineProbeResult Unusable(string problem) => new(Outcome<EngineProgram>.Failed(problem), IsDefinite: true);

    internal static string? LastLine(string text) => text.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).LastOrDefault();

    [GeneratedRegex(@"^version: (?<version>.+)$", RegexOptions.Multiline | RegexOptions.ExplicitCapture)]
    private static partial Regex VersionLine();
}
