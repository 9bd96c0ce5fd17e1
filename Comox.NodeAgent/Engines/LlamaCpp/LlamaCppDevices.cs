using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using Comox.NodeAgent.Engines.Placement;
using Comox.NodeAgent.Engines.Provisioning;
using Comox.ServiceDefaults.Contracts.Nodes;

namespace Comox.NodeAgent.Engines.LlamaCpp;

/// <summary>How a llama-server is told which card to use.</summary>
/// <param name="Devices">For <c>--device</c>.</param>
/// <param name="Environment">What hides the other cards from it.</param>
internal sealed record LlamaCppCards(string Devices, IReadOnlyDictionary<string, string> Environment);

/// <summary>
/// Which of a llama-server's devices a card is. CUDA and HIP hide cards by a variable, and call the first of those that are left 0. Vulkan's devices are
/// found by the card's name, or where the names differ by their order.
/// </summary>
internal static partial class LlamaCppDevices
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    /// <returns>Null: this program cannot use these cards.</returns>
    public static LlamaCppCards? Choose(IReadOnlyList<EngineDevice> devices, IReadOnlyList<GpuStatus> wanted, IReadOnlyList<GpuStatus> all)
    {
        if (wanted.Count == 0)
            return null;
        var nvidia = wanted.All(NodeCards.IsNvidia);
        if (nvidia && Of("CUDA").Count > 0)
            return new LlamaCppCards(Names("CUDA"), new Dictionary<string, string> { ["CUDA_DEVICE_ORDER"] = "PCI_BUS_ID", ["CUDA_VISIBLE_DEVICES"] = Join(wanted.Select(card => card.Index)) });
        if (!nvidia && Of("ROCm").Count > 0)
            return new LlamaCppCards(Names("ROCm"), new Dictionary<string, string> { ["HIP_VISIBLE_DEVICES"] = Join(wanted.Select(card => all.ToList().FindIndex(other => other.Index == card.Index))) });
        var found = wanted.Select(card => Vulkan(Of("Vulkan"), card, all)).ToList();
        return found.TrueForAll(device => device is not null) ? new LlamaCppCards(string.Join(',', found), new Dictionary<string, string>()) : null;

        List<EngineDevice> Of(string backend) => [.. devices.Where(device => device.Name.StartsWith(backend, StringComparison.OrdinalIgnoreCase))];

        string Names(string backend) => string.Join(',', wanted.Select((_, at) => $"{backend}{at.ToString(CultureInfo.InvariantCulture)}"));
    }

    /// <summary>Asks the program; none where it does not know the question.</summary>
    public static async Task<IReadOnlyList<EngineDevice>> ListAsync(string program, TimeProvider time, CancellationToken cancellation)
    {
        using var limit = new CancellationTokenSource(Limit, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellation);
        try
        {
            using var process = Process.Start(LaunchPlan.WithoutSecrets(new ProcessStartInfo(program, ["--list-devices"]) { RedirectStandardOutput = true, RedirectStandardError = true }))!;
            try
            {
                var errors = process.StandardError.ReadToEndAsync(both.Token); // Read, so that it cannot fill the pipe.
                var output = await process.StandardOutput.ReadToEndAsync(both.Token);
                await errors;
                await process.WaitForExitAsync(both.Token);
                return process.ExitCode == 0 ? Parse(output) : [];
            }
            catch (OperationCanceledException)
            {
                process.Kill(entireProcessTree: true);
                cancellation.ThrowIfCancellationRequested();
                return [];
            }
        }
        catch (Win32Exception)
        {
            return [];
        }
    }

    // "  CUDA0: NVIDIA GeForce RTX 3090 (24124 MiB, 23456 MiB free)"
    internal static IReadOnlyList<EngineDevice> Parse(string output) =>
        [.. DeviceLine().Matches(output).Select(match => new EngineDevice(match.Groups["name"].Value, match.Groups["what"].Value.Trim()))];

    private static string? Vulkan(List<EngineDevice> devices, GpuStatus card, IReadOnlyList<GpuStatus> all)
    {
        var alike = all.Where(other => other.Name == card.Name).ToList();
        var named = devices.Where(device => device.Description.Contains(card.Name, StringComparison.OrdinalIgnoreCase)).ToList();
        if (named.Count == alike.Count)
            return named[alike.FindIndex(other => other.Index == card.Index)].Name;
        return devices.Count == all.Count ? devices[all.ToList().FindIndex(other => other.Index == card.Index)].Name : null;
    }

    private static string Join(IEnumerable<int> numbers) => string.Join(',', numbers.Select(number => number.ToString(CultureInfo.InvariantCulture)));

    [GeneratedRegex(@"^\s+(?<name>[A-Za-z]+\d+): (?<what>.*?)(\(\d+ MiB.*)?$", RegexOptions.Multiline | RegexOptions.ExplicitCapture)]
    private static partial Regex DeviceLine();
}
