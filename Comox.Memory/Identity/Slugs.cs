using System.Globalization;
using System.Text;

namespace Comox.Memory.Identity;

/// <summary>Short names for URLs and models: lower-case ASCII letters, digits and single hyphens.</summary>
internal static class Slugs
{
    private const int MaxLength = 60;
    private const string Nameless = "character";

    /// <summary>"Ada Lovelace" → ada-lovelace, "Žofia" → zofia, "龍" → character.</summary>
    public static string From(string name)
    {
        var slug = new StringBuilder(name.Length);
        foreach (var letter in PlainLetters.Of(name))
        {
            if (char.IsAsciiLetterOrDigit(letter))
                slug.Append(char.ToLowerInvariant(letter));
            else if (letter is not ('\'' or '’') && slug.Length > 0 && slug[^1] != '-')
                slug.Append('-');
        }

        if (slug.Length > MaxLength)
            slug.Length = MaxLength;
        var text = slug.ToString().Trim('-');
        return text.Length == 0 ? Nameless : text;
    }

    /// <summary>The slug itself, or the first of slug-2, slug-3, … that is free.</summary>
    public static string Free(string slug, IReadOnlySet<string> taken)
    {
        var candidate = slug;
        for (var number = 2; taken.Contains(candidate); number++)
            candidate = $"{slug}-{number.ToString(CultureInfo.InvariantCulture)}";
        return candidate;
    }
}
