using System.Globalization;
using System.Text.RegularExpressions;
using Comox.ServiceDefaults.Contracts.Nodes;

namespace Comox.NodeAgent.Hardware.Gpus;

/// <summary>
/// The files that Linux' amdgpu driver has under <c>/sys/class/drm/cardN/device/</c>
/// (https://docs.kernel.org/gpu/amdgpu/thermal.html). It says nothing of throttling in text, so that stays unknown.
/// </summary>
/// <param name="root"><c>/sys/class/drm</c>.</param>
internal sealed partial class AmdgpuSource(string root) : IGpuSource
{
    private const string Amd = "0x1002";

    public TimeSpan Period => TimeSpan.FromSeconds(1);

    public Task<IReadOnlyList<GpuReading>> ReadAsync(CancellationToken cancellation) => Task.Run(Read, cancellation);

    private IReadOnlyList<GpuReading> Read()
    {
        try
        {
            return !Directory.Exists(root) ? [] : [.. Directory.EnumerateFileSystemEntries(root)
                .Select(path => (Path: path, Match: CardName().Match(System.IO.Path.GetFileName(path))))
                .Where(entry => entry.Match.Success && Line(Path.Combine(entry.Path, "device", "vendor")) == Amd)
                .Select(entry => Card(Path.Combine(entry.Path, "device"), int.Parse(entry.Match.Groups[1].Value, CultureInfo.InvariantCulture)))
                .OrderBy(reading => reading.Card.Index)];
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    private static GpuReading Card(string device, int index)
    {
        string? Text(string file) => Line(Path.Combine(device, file));
        long? Number(string file) => Parse(Text(file));

        var hwmon = Hwmon(device);
        var labels = Enumerable.Range(1, 3).ToLookup(sensor => Sensor($"temp{sensor}_label") ?? "");
        var (total, used) = (Number("mem_info_vram_total"), Number("mem_info_vram_used"));
        var fan = (Parse(Sensor("pwm1")) * 100.0) / 255;
        return new GpuReading(new GpuStatus
        {
            Index = index,
            Name = Text("product_name") is { Length: > 0 } name ? name : $"AMD GPU {Text("device")}".TrimEnd(),
            Source = GpuSources.Amdgpu,
            Uuid = Text("unique_id") is { Length: > 0 } id ? id : null,
            PciId = Slot(device),
            MemoryTotalBytes = total,
            MemoryUsedBytes = used,
            MemoryFreeBytes = total - used,
            TemperatureCelsius = Celsius("edge", "input"),
            MemoryTemperatureCelsius = Celsius("mem", "input"),
            PowerWatts = (Parse(Sensor("power1_average")) ?? Parse(Sensor("power1_input"))) / 1e6,
            PowerLimitWatts = Parse(Sensor("power1_cap")) / 1e6,
            UtilizationPercent = Number("gpu_busy_percent"),
            MemoryUtilizationPercent = Number("mem_busy_percent"),
            CoreClockMegahertz = (int?)(Parse(Sensor("freq1_input")) / 1_000_000),
            CoreClockMaxMegahertz = Highest("pp_dpm_sclk"),
            MemoryClockMegahertz = (int?)(Parse(Sensor("freq2_input")) / 1_000_000),
            MemoryClockMaxMegahertz = Highest("pp_dpm_mclk"),
            FanPercent = fan is { } percent ? Math.Round(percent, 1) : null,
            PcieGeneration = Generation(Text("current_link_speed")),
            PcieGenerationMax = Generation(Text("max_link_speed")),
            PcieWidth = (int?)Number("current_link_width"),
            PcieWidthMax = (int?)Number("max_link_width"),
        })
        {
            SlowdownCelsius = Celsius("edge", "crit"),
        };

        string? Sensor(string file) => hwmon is null ? null : Line(Path.Combine(hwmon, file));

        // Which sensor is which is said by tempN_label; old drivers have only the first, unlabelled.
        double? Celsius(string label, string what) =>
            labels[label].Select(sensor => (int?)sensor).FirstOrDefault() is { } sensor ? Parse(Sensor($"temp{sensor}_{what}")) / 1000.0
            : label == "edge" && labels["junction"].Any() is false ? Parse(Sensor($"temp1_{what}")) / 1000.0
            : null;

        int? Highest(string file) => Lines(Path.Combine(device, file)).Select(line => Level().Match(line))
            .Where(match => match.Success).Select(match => (int?)int.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture)).Max();
    }

    private static string? Hwmon(string device) =>
        Path.Combine(device, "hwmon") is var folder && Directory.Exists(folder) ? Directory.EnumerateFileSystemEntries(folder).Order(StringComparer.Ordinal).FirstOrDefault() : null;

    // PCI_SLOT_NAME=0000:03:00.0
    private static string? Slot(string device) =>
        PciAddress.Parse(Lines(Path.Combine(device, "uevent")).FirstOrDefault(line => line.StartsWith("PCI_SLOT_NAME=", StringComparison.Ordinal))?["PCI_SLOT_NAME=".Length..]);

    // "16.0 GT/s PCIe"
    private static int? Generation(string? speed) => speed?.Split(' ')[0] switch
    {
        "2.5" => 1,
        "5.0" or "5" => 2,
        "8.0" or "8" => 3,
        "16.0" or "16" => 4,
        "32.0" or "32" => 5,
        "64.0" or "64" => 6,
        _ => null,
    };

    private static long? Parse(string? text) => long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) ? number : null;

    private static string? Line(string file) => Lines(file).FirstOrDefault()?.Trim();

    // A sensor that sleeps or that this chip lacks fails its read, and only its own.
    private static string[] Lines(string file)
    {
        try
        {
            return File.Exists(file) ? File.ReadAllLines(file) : [];
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    [GeneratedRegex("^card([0-9]{1,3})$")]
    private static partial Regex CardName();

    // "1: 2304Mhz *"
    [GeneratedRegex("^[0-9]+: ([0-9]{1,6})M[hH]z")]
    private static partial Regex Level();
}
