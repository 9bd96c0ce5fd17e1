using System.Globalization;
using Comox.ServiceDefaults.Contracts.Nodes;

namespace Comox.NodeAgent.Health.Gpus;

/// <summary>A figure of a card as a metric.</summary>
/// <param name="Name">In Prometheus.</param>
/// <param name="Help">What it says.</param>
/// <param name="Read">The figure; null: unknown, so it is not told.</param>
internal sealed record GpuFigure(string Name, string Help, Func<GpuStatus, double?> Read)
{
    /// <summary>Labels beside <see cref="GpuFigures.Labels"/>.</summary>
    public Func<GpuStatus, KeyValuePair<string, object?>>? Label { get; init; }
}

/// <summary>
/// Every figure that is told, under the names of NVIDIA's DCGM exporter, so that dashboards made for it work, and under ours, in base units.
/// docs/metrics.md has the same list; a test compares the two.
/// </summary>
internal static class GpuFigures
{
    private const double Mebibyte = 1024 * 1024;

    public static IReadOnlyList<GpuFigure> All { get; } =
    [
        new("DCGM_FI_DEV_SM_CLOCK", "Core clock, in MHz.", card => card.CoreClockMegahertz),
        new("DCGM_FI_DEV_MEM_CLOCK", "Memory clock, in MHz.", card => card.MemoryClockMegahertz),
        new("DCGM_FI_DEV_GPU_TEMP", "Core temperature, in degrees Celsius.", card => card.TemperatureCelsius),
        new("DCGM_FI_DEV_MEMORY_TEMP", "Memory temperature, in degrees Celsius.", card => card.MemoryTemperatureCelsius),
        new("DCGM_FI_DEV_POWER_USAGE", "Power draw, in W.", card => card.PowerWatts),
        new("DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION", "Energy drawn since the driver was loaded, in mJ.", card => card.EnergyWattHours * 3.6e6),
        new("DCGM_FI_DEV_GPU_UTIL", "Share of time in which something ran, in percent.", card => card.UtilizationPercent),
        new("DCGM_FI_DEV_MEM_COPY_UTIL", "Share of time in which memory was read or written, in percent.", card => card.MemoryUtilizationPercent),
        new("DCGM_FI_DEV_FB_FREE", "Free memory, in MiB.", card => card.MemoryFreeBytes / Mebibyte),
        new("DCGM_FI_DEV_FB_USED", "Used memory, in MiB.", card => card.MemoryUsedBytes / Mebibyte),
        new("DCGM_FI_DEV_XID_ERRORS", "The last XID; missing until one is seen.", card => card.LastXid?.Code),
        new("comox_node_gpu_temperature_celsius", "Core temperature.", card => card.TemperatureCelsius),
        new("comox_node_gpu_memory_temperature_celsius", "Memory temperature.", card => card.MemoryTemperatureCelsius),
        new("comox_node_gpu_power_watts", "Power draw.", card => card.PowerWatts),
        new("comox_node_gpu_power_limit_watts", "What it may draw now.", card => card.PowerLimitWatts),
        new("comox_node_gpu_utilization_ratio", "Share of time in which something ran, 0 to 1.", card => card.UtilizationPercent / 100),
        new("comox_node_gpu_memory_used_bytes", "Used memory.", card => card.MemoryUsedBytes),
        new("comox_node_gpu_memory_total_bytes", "Its memory.", card => card.MemoryTotalBytes),
        new("comox_node_gpu_core_clock_hertz", "Core clock.", card => card.CoreClockMegahertz * 1e6),
        new("comox_node_gpu_fan_ratio", "Fan speed, 0 to 1.", card => card.FanPercent / 100),
        new("comox_node_gpu_pcie_generation", "Generation of its PCIe link now; falls while nothing runs.", card => card.PcieGeneration),
        new("comox_node_gpu_pcie_lanes", "Lanes of its PCIe link now.", card => card.PcieWidth),
        new("comox_node_gpu_health", "1, with what is thought of the card as a label.", _ => 1) { Label = card => new("health", card.Health) },
    ];

    /// <summary>The labels of the DCGM exporter.</summary>
    public static IEnumerable<KeyValuePair<string, object?>> Labels(string node, GpuStatus card)
    {
        yield return new("gpu", card.Index.ToString(CultureInfo.InvariantCulture));
        yield return new("UUID", card.Uuid ?? "");
        yield return new("pci_bus_id", card.PciId ?? "");
        yield return new("modelName", card.Name);
        yield return new("Hostname", node);
    }
}
