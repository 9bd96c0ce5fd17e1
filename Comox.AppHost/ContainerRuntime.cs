using System.ComponentModel;
using System.Diagnostics;
using Microsoft.Extensions.Configuration;

namespace Comox.AppHost;

/// <summary>Whether a container runtime answers, asked with the command that Aspire's own control plane asks with.</summary>
/// <remarks>Aspire has <c>IContainerRuntimeResolver</c> for this; it is experimental in 13.5 and needs a service provider before there is one.</remarks>
internal static class ContainerRuntime
{
    // A runtime that is just starting can take seconds; one that hangs must not keep the AppHost from starting.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    public static async Task<bool> AnswersAsync(IConfiguration configuration)
    {
        string[] candidates = configuration["ASPIRE_CONTAINER_RUNTIME"] is { Length: > 0 } chosen ? [chosen] : ["docker", "podman"];
        var answers = await Task.WhenAll(candidates.Select(ListsContainersAsync));
        return answers.Contains(true);
    }

    private static async Task<bool> ListsContainersAsync(string runtime)
    {
        using var patience = new CancellationTokenSource(Patience);
        using var process = new Process
        {
            StartInfo = new ProcessStartInfo(runtime, ["container", "ls", "-n", "1"]) { RedirectStandardOutput = true, RedirectStandardError = true },
        };
        try
        {
            process.Start();
            // Both pipes are drained, else a talkative runtime blocks on a full one and never exits.
            await Task.WhenAll(
                process.StandardOutput.ReadToEndAsync(patience.Token),
                process.StandardError.ReadToEndAsync(patience.Token),
                process.WaitForExitAsync(patience.Token));
            return process.ExitCode == 0;
        }
        catch (Win32Exception)
        {
            return false; // not installed
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            return false;
        }
    }
}
