namespace Comox.ServiceDefaults.Contracts.Nodes;

/// <summary>One card as it was last read. A figure nobody could read is null, never 0.</summary>
public sealed record GpuStatus
{
    /// <summary>Its place as its source counts: NVIDIA's own index, or the number of <c>/sys/class/drm/cardN</c>.</summary>
    public required int Index { get; init; }

    public required string Name { get; init; }

    /// <summary>What read it; one of <see cref="GpuSources"/>.</summary>
    public required string Source { get; init; }

    /// <summary>The same after a restart and in another slot.</summary>
    public string? Uuid { get; init; }

    /// <summary>As Linux writes it: <c>0000:01:00.0</c>.</summary>
    public string? PciId { get; init; }

    /// <summary>The driver's version.</summary>
    public string? Driver { get; init; }

    /// <summary>NVIDIA's number of what it can do: <c>8.6</c> is an RTX 3090.</summary>
    public string? ComputeCapability { get; init; }

    public long? MemoryTotalBytes { get; init; }
    public long? MemoryUsedBytes { get; init; }
    public long? MemoryFreeBytes { get; init; }
    public double? TemperatureCelsius { get; init; }
    public double? MemoryTemperatureCelsius { get; init; }
    public double? PowerWatts { get; init; }

    /// <summary>What it may draw now, whoever set that.</summary>
    public double? PowerLimitWatts { get; init; }

    /// <summary>Drawn since the driver was loaded.</summary>
    public double? EnergyWattHours { get; init; }

    /// <summary>0…100: the share of time in which something ran on it, not how much of it was busy.</summary>
    public double? UtilizationPercent { get; init; }

    /// <summary>0…100: the share of time in which its memory was read or written.</summary>
    public double? MemoryUtilizationPercent { get; init; }

    public int? CoreClockMegahertz { get; init; }
    public int? CoreClockMaxMegahertz { get; init; }
    public int? MemoryClockMegahertz { get; init; }
    public int? MemoryClockMaxMegahertz { get; init; }

    /// <summary>0…100 of its full speed; null on a card without a fan.</summary>
    public double? FanPercent { get; init; }

    /// <summary>Falls while nothing runs; that is no fault.</summary>
    public int? PcieGeneration { get; init; }

    public int? PcieGenerationMax { get; init; }

    /// <summary>Lanes.</summary>
    public int? PcieWidth { get; init; }

    public int? PcieWidthMax { get; init; }

    /// <summary>Why its clocks are not higher, of <see cref="GpuThrottles"/>; empty: nothing holds them; null: unknown.</summary>
    public IReadOnlyList<string>? Throttles { get; init; }

    /// <summary>The last error its driver reported; null: none was seen, or the kernel's log cannot be read.</summary>
    public GpuXid? LastXid { get; init; }

    /// <summary>One of <see cref="Healths"/>.</summary>
    public string Health { get; init; } = Healths.Ok;

    /// <summary>The driver has lost it, or it is missing: nothing that is on it can go on.</summary>
    public bool IsLost { get; init; }

    /// <summary>Why it is not ok, each with what to do, for a person. Without figures that move.</summary>
    public IReadOnlyList<string> Reasons { get; init; } = [];
}

/// <summary>An error of NVIDIA's driver (https://docs.nvidia.com/deploy/xid-errors).</summary>
/// <param name="Code">Its number, 79 for instance.</param>
/// <param name="Meaning">In words.</param>
/// <param name="At">When it was read.</param>
public sealed record GpuXid(int Code, string Meaning, DateTimeOffset At);

/// <summary>Where figures of a card come from.</summary>
public static class GpuSources
{
    public const string Nvml = "nvml";
    public const string NvidiaSmi = "nvidia-smi";
    public const string Amdgpu = "amdgpu";
}

/// <summary>Reasons for lower clocks, in the order of NVML's bits.</summary>
public static class GpuThrottles
{
    public const string Idle = "idle";
    public const string ClocksSet = "clocks_set";

    /// <summary>It draws all it may; normal under load.</summary>
    public const string PowerCap = "power_cap";

    /// <summary>The hardware halves its clocks or worse: heat, power supply.</summary>
    public const string HardwareSlowdown = "hardware_slowdown";

    public const string SyncBoost = "sync_boost";
    public const string SoftwareThermal = "software_thermal";
    public const string HardwareThermal = "hardware_thermal";

    /// <summary>The power supply asked for less.</summary>
    public const string HardwarePowerBrake = "hardware_power_brake";

    public const string Display = "display";
}
