using System.Globalization;

namespace Comox.Benchmarks;

/// <summary><c>--name value</c> of a benchmark's command line.</summary>
internal static class Arguments
{
    public static string? Option(string[] args, string name) => Array.IndexOf(args, name) is >= 0 and var at && at + 1 < args.Length ? args[at + 1] : null;

    public static int? Whole(string[] args, string name) => Option(args, name) is { } text ? int.Parse(text, NumberStyles.AllowThousands, CultureInfo.InvariantCulture) : null;

    public static double? Number(string[] args, string name) => Option(args, name) is { } text ? double.Parse(text, CultureInfo.InvariantCulture) : null;
}
