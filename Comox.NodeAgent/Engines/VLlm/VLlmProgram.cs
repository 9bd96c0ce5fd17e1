using System.ComponentModel;
using System.Diagnostics;
using System.Text.RegularExpressions;
using Comox.NodeAgent.Engines.Provisioning;
using Microsoft.Extensions.Options;

namespace Comox.NodeAgent.Engines.VLlm;

/// <summary>Finds vLLM: the one the settings name, else <c>vllm</c> on PATH. It is not installed by Comox: it needs the CUDA and PyTorch that fit the driver.</summary>
internal sealed partial class VLlmProgram(IOptions<NodeAgentOptions> options, TimeProvider time)
{
    // It imports PyTorch to tell its version.
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);

    private readonly SemaphoreSlim _oneAtATime = new(1, 1);
    private Outcome<EngineProgram>? _found;

    public async Task<Outcome<EngineProgram>> ProvideAsync(ProgressReport report, CancellationToken cancellation)
    {
        report("Looking for vllm", null);
        return await FindAsync(cancellation);
    }

    /// <summary>What was found once holds; a failure is tried again.</summary>
    public async Task<Outcome<EngineProgram>> FindAsync(CancellationToken cancellation)
    {
        await _oneAtATime.WaitAsync(cancellation);
        try
        {
            if (_found is { IsSuccess: true, Value: { } known } && File.Exists(known.Path))
                return _found.Value;
            _found = await LookAsync(cancellation);
            return _found.Value;
        }
        finally
        {
            _oneAtATime.Release();
        }
    }

    private async Task<Outcome<EngineProgram>> LookAsync(CancellationToken cancellation)
    {
        var configured = options.Value.VllmPath is { Length: > 0 } path ? Path.GetFullPath(path) : null;
        if ((configured ?? OnPath()) is not { } program)
            return Outcome<EngineProgram>.Failed($"vllm is not on PATH. Install vLLM (docs.vllm.ai), or name its program in {NodeAgentOptions.Section}:VllmPath.");
        var problem = File.Exists(program) ? null : $"{program} does not exist";
        if (problem is null)
        {
            var (version, refusal) = await VersionAsync(program, cancellation);
            if (version is not null)
                return Outcome<EngineProgram>.Of(new EngineProgram(program, version));
            problem = refusal;
        }

        return Outcome<EngineProgram>.Failed($"{problem}. {(configured is null ? $"Correct that, or name another one in {NodeAgentOptions.Section}:VllmPath." : $"Correct {NodeAgentOptions.Section}:VllmPath.")}");
    }

    private async Task<(string? Version, string? Refusal)> VersionAsync(string program, CancellationToken cancellation)
    {
        using var limit = new CancellationTokenSource(Limit, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellation);
        try
        {
            using var process = Process.Start(LaunchPlan.WithoutSecrets(new ProcessStartInfo(program, ["--version"]) { RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true }))!;
            try
            {
                process.StandardInput.Close();
                var errors = process.StandardError.ReadToEndAsync(both.Token);
                var output = await process.StandardOutput.ReadToEndAsync(both.Token);
                await process.WaitForExitAsync(both.Token);
                // Warnings of its libraries may come before it: the version is a line of its own.
                return process.ExitCode == 0 && VersionLine().Matches(output) is { Count: > 0 } lines
                    ? (lines[^1].Groups["version"].Value, null)
                    : (null, $"{program} is not a vllm that runs here: {EngineProbe.LastLine(await errors) ?? $"it exits with code {process.ExitCode}"}");
            }
            catch (OperationCanceledException)
            {
                process.Kill(entireProcessTree: true);
                cancellation.ThrowIfCancellationRequested();
                return (null, $"{program} did not answer to --version within {Limit.TotalSeconds:0} s");
            }
        }
        catch (Win32Exception refused)
        {
            return (null, $"{program} cannot be started: {refused.Message}");
        }
    }

    private static string? OnPath() =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
            .Select(folder => Path.GetFullPath(Path.Combine(folder, "vllm"))).FirstOrDefault(File.Exists);

    [GeneratedRegex(@"^(vllm )?(?<version>\d+\.\d+\S*)\s*$", RegexOptions.Multiline | RegexOptions.ExplicitCapture)]
    private static partial Regex VersionLine();
}
