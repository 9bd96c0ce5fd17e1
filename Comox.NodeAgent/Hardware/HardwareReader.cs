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
        MemoryBytes = Kilobytes("/proc/meminfo", "MemTotal"),
        MemoryAvailableBytes = AvailableMemory(),
        OperatingSystem = FirstValue("/etc/os-release", "PRETTY_NAME", '=')?.Trim('"') ?? RuntimeInformation.OSDescription,
    };

    public static long? AvailableMemory() => Kilobytes("/proc/meminfo", "MemAvailable");

    /// <summary>What a process holds of memory now.</summary>
    public static long? MemoryOf(int processId) => Kilobytes(string.Create(CultureInfo.InvariantCulture, $"/proc/{processId}/status"), "VmRSS");

    // "MemTotal:       24684240 kB"
    private static long? Kilobytes(string file, string key) =>
        FirstValue(file, key)?.Split(' ')[0] is { } number && long.TryParse(number, CultureInfo.InvariantCulture, out var kilobytes) ? kilobytes * 1024 : null;

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
            // Another system than Linux, a sandbox, or a process that has ended.
        }

        return null;
    }
}
