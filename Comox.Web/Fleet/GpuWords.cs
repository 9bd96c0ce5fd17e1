using System.Globalization;
using Comox.ServiceDefaults.Contracts.Nodes;
using Comox.Web.Controls;

namespace Comox.Web.Fleet;

/// <summary>A card's figures for people. What nobody could read is "unknown".</summary>
internal static class GpuWords
{
    /// <summary>"64 °C, memory 80 °C".</summary>
    public static string Temperature(GpuStatus card) =>
        card.MemoryTemperatureCelsius is { } memory ? $"{Figure(card.TemperatureCelsius, "°C")}, memory {Figure(memory, "°C")}" : Figure(card.TemperatureCelsius, "°C");

    /// <summary>"210 of 300 W".</summary>
    public static string Power(GpuStatus card) => Of(card.PowerWatts, card.PowerLimitWatts, "W");

    /// <summary>"1410 of 1980 MHz".</summary>
    public static string Clock(int? clock, int? most) => Of(clock, most, "MHz");

    public static string Share(double? percent) => Figure(percent, "%");

    /// <summary>"generation 4 of 4, 16 of 16 lanes".</summary>
    public static string Pcie(GpuStatus card) => card is { PcieGeneration: null, PcieWidth: null }
        ? Wording.Unknown
        : $"generation {Of(card.PcieGeneration, card.PcieGenerationMax)}, {Of(card.PcieWidth, card.PcieWidthMax)} lanes";

    /// <summary>What holds its clocks down.</summary>
    public static string Throttles(IReadOnlyList<string>? throttles) => throttles switch
    {
        null => Wording.Unknown,
        [] => "nothing",
        _ => string.Join(", ", throttles.Select(Throttle)),
    };

    /// <summary>"XID 79: the card has fallen off the bus, 5 min ago".</summary>
    public static string Error(GpuXid? xid, DateTimeOffset now) =>
        xid is null ? "none known" : string.Create(CultureInfo.InvariantCulture, $"XID {xid.Code}: {xid.Meaning}, {Wording.Ago(xid.At, now)}");

    private static string Throttle(string throttle) => throttle switch
    {
        GpuThrottles.Idle => "it has nothing to do",
        GpuThrottles.ClocksSet => "its clocks were set",
        GpuThrottles.PowerCap => "it draws all the power it may",
        GpuThrottles.HardwareSlowdown => "the hardware, for heat or power",
        GpuThrottles.SyncBoost => "it keeps in step with another card",
        GpuThrottles.SoftwareThermal => "heat",
        GpuThrottles.HardwareThermal => "heat, by the hardware",
        GpuThrottles.HardwarePowerBrake => "the power supply",
        GpuThrottles.Display => "its display",
        _ => throttle,
    };

    private static string Of(double? value, double? most, string unit) => value is { } known && most is { } limit ? string.Create(CultureInfo.InvariantCulture, $"{known:0} of {limit:0} {unit}") : Figure(value, unit);

    private static string Of(int? value, int? most) => most is null ? Number(value) : $"{Number(value)} of {Number(most)}";

    private static string Number(int? value) => value?.ToString(CultureInfo.InvariantCulture) ?? Wording.Unknown;

    private static string Figure(double? value, string unit) => value is { } known ? string.Create(CultureInfo.InvariantCulture, $"{known:0} {unit}") : Wording.Unknown;
}
