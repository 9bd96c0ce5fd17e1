using System.Globalization;

namespace Comox.NodeAgent.ModelCache;

/// <summary>Sizes as people write them: <c>500GB</c>, <c>7.5 TB</c>, <c>64MiB</c>, <c>1000000</c>.</summary>
internal static class ByteSize
{
    public const string Form = "a size such as 500GB, 7.5TB or 64GiB";

    private static readonly (string Unit, double Bytes)[] Units =
    [
        ("KiB", 1L << 10), ("MiB", 1L << 20), ("GiB", 1L << 30), ("TiB", 1L << 40), ("KB", 1e3), ("MB", 1e6), ("GB", 1e9), ("TB", 1e12), ("B", 1),
    ];

    /// <returns>Bytes; null when it is no size, or one that no drive has.</returns>
    public static long? Parse(string text)
    {
        var (unit, factor) = Units.FirstOrDefault(known => text.TrimEnd().EndsWith(known.Unit, StringComparison.OrdinalIgnoreCase), ("", 1));
        var number = text.Trim()[..^unit.Length].Trim();
        return double.TryParse(number, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var value) && value * factor is >= 0 and < 1e18 and var bytes ? (long)bytes : null;
    }

    public static string Text(long bytes) => bytes switch
    {
        >= 1_000_000_000_000 => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e12:0.##} TB"),
        >= 1_000_000_000 => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e9:0.##} GB"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e6:0.##} MB"),
    };
}
