using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using Comox.ServiceDefaults.Contracts.Nodes;

namespace Comox.NodeAgent.Hardware;

/// <summary>What the box has; null where nothing tells.</summary>
internal static class HardwareReader
{
    public static NodeHardware Read() => new()
    {
        Cpu = FirstValue("/proc/cpuinfo", "model name"),
        CpuCores = Environment.ProcessorCount,
        MemoryBytes = Kilobytes("MemTotal"),
        MemoryAvailableBytes = AvailableMemory(),
        OperatingSystem = FirstValue("/etc/os-release", "PRETTY_NAME", '=')?.Trim('"') ?? RuntimeInformation.OSDescription,
    };

    public static long? AvailableMemory() => Kilobytes("MemAvailable");

    /// <summary>Asks nvidia-smi, where there is one. A driver in trouble can make it hang for minutes, so it gets a limit.</summary>
    public static async Task<IReadOnlyList<string>> GpusAsync(TimeSpan limit, TimeProvider time, CancellationToken cancellation)
    {
        try
        {
            using var process = Process.Start(new ProcessStartInfo("nvidia-smi", ["--query-gpu=name", "--format=csv,noheader"])
            {
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            })!;
            using var stop = new CancellationTokenSource(limit, time);
            using var both = CancellationTokenSource.CreateLinkedTokenSource(stop.Token, cancellation);
            try
            {
                var output = await process.StandardOutput.ReadToEndAsync(both.Token);
                await process.WaitForExitAsync(both.Token);
                return process.ExitCode == 0 ? output.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries) : [];
            }
            catch (OperationCanceledException)
            {
                process.Kill(entireProcessTree: true);
                return [];
            }
        }
        catch (Win32Exception)
        {
            return []; // No such program, so no such card.
        }
    }

    // "MemTotal:       24684240 kB"
    private static long? Kilobytes(string key) =>
        FirstValue("/proc/meminfo", key)?.Split(' ')[0] is { } number && long.TryParse(number, CultureInfo.InvariantCulture, out var kilobytes) ? kilobytes * 1024 : null;

    private static string? FirstValue(string file, string key, char separator = ':')
    {
        try
        {
            foreach (var line in File.ReadLines(file))
            {
                if (line.StartsWith(key, StringComparison.Ordinal) && line.IndexOf(separator) is var at and > 0 && line[..at].Trim() == key)
                    return line[(at + 1)..].Trim();
            }
        }
        catch (Exception missing) when (missing is IOException or UnauthorizedAccessException)
        {
            // Another system than Linux, or a sandbox.
        }

        return null;
    }
}

/// <summary>Looks for GPUs in the background and puts them on the board.</summary>
internal sealed class GpuDiscovery(Health.NodeStatusBoard board, TimeProvider time) : BackgroundService
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(5);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (await HardwareReader.GpusAsync(Limit, time, stoppingToken) is { Count: > 0 } gpus)
            board.SetGpus(gpus);
    }
}
