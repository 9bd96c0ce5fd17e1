using System.Globalization;
using Comox.ServiceDefaults.Contracts.Nodes;

namespace Comox.NodeAgent.Hardware.Gpus;

/// <summary>
/// Rows of <c>nvidia-smi --query-gpu=… --format=csv,noheader,nounits</c>:
/// <code>
/// 0, GPU-4a1c…, NVIDIA GeForce RTX 3090, 00000000:01:00.0, 550.54, 24576, 11203, 13049, 61, [N/A], 287.31, …, 0x0000000000000004
/// </code>
/// Memory is in MiB, power in W, clocks in MHz.
/// </summary>
internal static class NvidiaSmiCsv
{
    private const string Throttles = "clocks_event_reasons.active";
    private const string ThrottlesBefore535 = "clocks_throttle_reasons.active";

    private const string Most =
        "index,uuid,name,pci.bus_id,driver_version,memory.total,memory.used,memory.free,temperature.gpu,temperature.memory,power.draw,enforced.power.limit,"
        + "utilization.gpu,utilization.memory,clocks.current.sm,clocks.max.sm,clocks.current.memory,clocks.max.memory,fan.speed,"
        + "pcie.link.gen.current,pcie.link.gen.max,pcie.link.width.current,pcie.link.width.max,";

    /// <summary>From all to what every driver knows: a field that a driver does not know fails its whole query.</summary>
    public static IReadOnlyList<string> Queries { get; } =
    [
        Most + "compute_cap," + Throttles,
        Most + Throttles,
        Most + ThrottlesBefore535,
        "index,name,uuid,temperature.gpu,utilization.gpu,memory.used,memory.total,fan.speed,power.draw",
    ];

    /// <summary>Rows that are no rows (a warning of the driver, half a line) are left out.</summary>
    public static IReadOnlyList<GpuReading> Parse(string query, string output)
    {
        var fields = query.Split(',');
        return [.. output.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
            .Select(line => line.Split(',', StringSplitOptions.TrimEntries))
            .Where(values => values.Length == fields.Length)
            .Select(values => Row(fields.Zip(values).ToDictionary(StringComparer.Ordinal)))
            .OfType<GpuReading>()];
    }

    private static GpuReading? Row(Dictionary<string, string> row)
    {
        if (Int("index") is not { } index || Text("name") is not { } name)
            return null;
        return new GpuReading(new GpuStatus
        {
            Index = index,
            Name = name,
            Source = GpuSources.NvidiaSmi,
            Uuid = Text("uuid"),
            PciId = PciAddress.Parse(Text("pci.bus_id")),
            Driver = Text("driver_version"),
            ComputeCapability = Text("compute_cap"),
            MemoryTotalBytes = Mebibytes("memory.total"),
            MemoryUsedBytes = Mebibytes("memory.used"),
            MemoryFreeBytes = Mebibytes("memory.free"),
            TemperatureCelsius = Number("temperature.gpu"),
            MemoryTemperatureCelsius = Number("temperature.memory"),
            PowerWatts = Number("power.draw"),
            PowerLimitWatts = Number("enforced.power.limit"),
            UtilizationPercent = Number("utilization.gpu"),
            MemoryUtilizationPercent = Number("utilization.memory"),
            CoreClockMegahertz = Int("clocks.current.sm"),
            CoreClockMaxMegahertz = Int("clocks.max.sm"),
            MemoryClockMegahertz = Int("clocks.current.memory"),
            MemoryClockMaxMegahertz = Int("clocks.max.memory"),
            FanPercent = Number("fan.speed"),
            PcieGeneration = Int("pcie.link.gen.current"),
            PcieGenerationMax = Int("pcie.link.gen.max"),
            PcieWidth = Int("pcie.link.width.current"),
            PcieWidthMax = Int("pcie.link.width.max"),
            Throttles = ThrottleBits.ToWords(Mask(Throttles) ?? Mask(ThrottlesBefore535)),
        });

        // "[N/A]", "[Not Supported]", "[Unknown Error]", and "N/A" of old drivers.
        string? Text(string field) => row.TryGetValue(field, out var value) && value is not ("" or "N/A" or ['[', ..]) ? value : null;

        double? Number(string field) => double.TryParse(Text(field), NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && double.IsFinite(number) ? number : null;

        int? Int(string field) => int.TryParse(Text(field), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;

        long? Mebibytes(string field) => Number(field) is { } number and >= 0 and < 1e9 ? (long)(number * 1024 * 1024) : null;

        ulong? Mask(string field) =>
            Text(field) is ['0', 'x' or 'X', .. var digits] && ulong.TryParse(digits, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var mask) ? mask : null;
    }
}
