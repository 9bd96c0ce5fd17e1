using System.ComponentModel;
using System.Diagnostics;
using System.Text.RegularExpressions;

namespace Comox.NodeAgent.Engines.Provisioning;

/// <summary>A llama-server that has been seen to run.</summary>
/// <param name="Path">Absolute.</param>
/// <param name="Version">As it says itself: <c>0.7.0 (build 11669, commit Debian)</c>.</param>
internal sealed record EngineProgram(string Path, string Version);

/// <summary>Finds out whether a file is a llama-server that runs here.</summary>
internal sealed partial class EngineProbe(TimeProvider time)
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(10);

    public async Task<Outcome<EngineProgram>> TryAsync(string path, CancellationToken cancellation)
    {
        if (!File.Exists(path))
            return Outcome<EngineProgram>.Failed($"{path} does not exist");
        using var limit = new CancellationTokenSource(Limit, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellation);
        var start = new ProcessStartInfo(path, ["--version"]) { RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true };
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
                    ? Outcome<EngineProgram>.Of(new EngineProgram(path, match.Groups["version"].Value.Trim()))
                    : Outcome<EngineProgram>.Failed($"{path} is not a llama-server that runs here: {LastLine(await errors) ?? $"it exits with code {process.ExitCode}"}");
            }
            catch (OperationCanceledException)
            {
                process.Kill(entireProcessTree: true);
                cancellation.ThrowIfCancellationRequested();
                return Outcome<EngineProgram>.Failed($"{path} does not answer to --version");
            }
        }
        catch (Win32Exception problem)
        {
            return Outcome<EngineProgram>.Failed($"{path} cannot be started: {problem.Message}");
        }
    }

    private static string? LastLine(string text) => text.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).LastOrDefault();

    [GeneratedRegex(@"^version: (?<version>.+)$", RegexOptions.Multiline | RegexOptions.ExplicitCapture)]
    private static partial Regex VersionLine();
}
