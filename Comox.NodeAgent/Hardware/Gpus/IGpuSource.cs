using System.Globalization;
using Comox.ServiceDefaults.Contracts.Nodes;

namespace Comox.NodeAgent.Hardware.Gpus;

/// <summary>A way to read cards: a library, a program, files.</summary>
internal interface IGpuSource
{
    /// <summary>How often reading is worth its cost.</summary>
    TimeSpan Period { get; }

    /// <summary>The cards; empty: this way leads to none here. Throws nothing but a cancellation; may block, so it is called on a thread of its own.</summary>
    Task<IReadOnlyList<GpuReading>> ReadAsync(CancellationToken cancellation);
}

/// <summary>One card at one moment, not judged yet.</summary>
/// <param name="Card">Its figures.</param>
internal sealed record GpuReading(GpuStatus Card)
{
    /// <summary>Where the card begins to slow itself down; null: unknown.</summary>
    public double? SlowdownCelsius { get; init; }

    public GpuPresence Presence { get; init; }

    /// <summary>What this card is known by as long as the agent runs.</summary>
    public string Key => Card.Uuid ?? Card.PciId ?? Card.Index.ToString(CultureInfo.InvariantCulture);
}

internal enum GpuPresence
{
    Present,

    /// <summary>The driver says that the card is lost.</summary>
    Lost,

    /// <summary>It was there, and the list of cards does not have it any more.</summary>
    Missing,

    /// <summary>Nothing that could tell of it answers.</summary>
    Silent,
}

/// <summary>PCI addresses in the one form of Linux: NVML writes <c>00000000:01:00.0</c>, the kernel's log <c>PCI:0000:01:00</c>.</summary>
internal static class PciAddress
{
    /// <summary><c>0000:01:00.0</c>, or null if it is no such address.</summary>
    public static string? Parse(string? text)
    {
        if (text is null)
            return null;
        var parts = text.Trim().Replace("PCI:", "", StringComparison.OrdinalIgnoreCase).Split(':', '.');
        return parts.Length is 3 or 4 && Hex(parts[0]) is { } domain && Hex(parts[1]) is { } bus && Hex(parts[2]) is { } device && Hex(parts.Length == 4 ? parts[3] : "0") is { } function
            ? string.Create(CultureInfo.InvariantCulture, $"{domain:x4}:{bus:x2}:{device:x2}.{function:x}")
            : null;
    }

    private static uint? Hex(string digits) => uint.TryParse(digits, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var number) ? number : null;
}
