using System.Globalization;

namespace Comox.Web.Controls;

/// <summary>Figures as people say them.</summary>
internal static class Wording
{
    public const string Unknown = "unknown";

    /// <summary>"just now", "5 min ago", "3 h ago", "yesterday", "4 days ago", "12 Mar 2026".</summary>
    public static string Ago(DateTimeOffset then, DateTimeOffset now) => (now - then) switch
    {
        { TotalSeconds: < 60 } => "just now",
        { TotalMinutes: < 60 } gone => $"{(int)gone.TotalMinutes} min ago",
        { TotalHours: < 24 } gone => $"{(int)gone.TotalHours} h ago",
        { TotalDays: < 2 } => "yesterday",
        { TotalDays: < 7 } gone => $"{(int)gone.TotalDays} days ago",
        _ => then.ToString("d MMM yyyy", CultureInfo.InvariantCulture),
    };

    /// <summary>"2.3 s", "4 min", "3 h", "2 days".</summary>
    public static string Duration(double seconds) => seconds switch
    {
        < 60 => Scaled(seconds, "s"),
        < 3_600 => string.Create(CultureInfo.InvariantCulture, $"{(int)(seconds / 60)} min"),
        < 172_800 => string.Create(CultureInfo.InvariantCulture, $"{(int)(seconds / 3_600)} h"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{(int)(seconds / 86_400)} days"),
    };

    /// <summary>"2.1 MB", "31.3 GB"; null is unknown, never 0.</summary>
    public static string Bytes(long? bytes) => bytes switch
    {
        null => Unknown,
        < 1_000 => $"{bytes} B",
        < 1_000_000 => Scaled(bytes.Value / 1e3, "kB"),
        < 1_000_000_000 => Scaled(bytes.Value / 1e6, "MB"),
        _ => Scaled(bytes.Value / 1e9, "GB"),
    };

    /// <summary>"2.3 M", "8 B" parameters; null is unknown.</summary>
    public static string Count(long? count) => count switch
    {
        null => Unknown,
        < 1_000_000 => Scaled(count.Value / 1e3, "thousand"),
        < 1_000_000_000 => Scaled(count.Value / 1e6, "million"),
        _ => Scaled(count.Value / 1e9, "billion"),
    };

    public static string Score(double score) => score.ToString("0.00", CultureInfo.InvariantCulture);

    public static string Percent(double part) => part.ToString("P0", CultureInfo.InvariantCulture).Replace(" ", "", StringComparison.Ordinal);

    /// <summary>A share of a whole as CSS width: <c>12.5%</c>.</summary>
    public static string Width(double part) => string.Create(CultureInfo.InvariantCulture, $"width:{Math.Clamp(part, 0, 1) * 100:0.##}%");

    private static string Scaled(double value, string unit) => string.Create(CultureInfo.InvariantCulture, $"{value:0.#} {unit}");
}
