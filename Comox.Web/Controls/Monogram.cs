using System.Globalization;
using System.Text;

namespace Comox.Web.Controls;

/// <summary>What stands in for a character without a picture: its initials on a gradient that is always the same for the same character.</summary>
internal static class Monogram
{
    public static string InitialsOf(string name)
    {
        var words = name.Split([' ', '-', '_', '.'], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        return words switch
        {
            [] => "?",
            [var only] => FirstOf(only),
            [var first, .., var last] => FirstOf(first) + FirstOf(last),
        };
    }

    /// <summary>A CSS <c>linear-gradient</c> drawn from a hash of <paramref name="key"/>.</summary>
    public static string GradientOf(string key)
    {
        var hash = 2166136261u; // FNV-1a: string.GetHashCode differs from process to process.
        foreach (var value in Encoding.UTF8.GetBytes(key))
            hash = (hash ^ value) * 16777619u;
        var hue = hash % 360;
        var turn = 30 + (hash >> 9) % 40;
        return string.Create(CultureInfo.InvariantCulture, $"linear-gradient(140deg, hsl({hue} 48% 52%), hsl({(hue + turn) % 360} 58% 34%))");
    }

    private static string FirstOf(string word) => StringInfo.GetNextTextElement(word).ToUpperInvariant();
}
