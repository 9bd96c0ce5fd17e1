using System.Text;

namespace Comox.Memory.Ingestion;

/// <summary>
/// How names and values are compared: without case, accents, a leading article and punctuation, so that "the St. Ives" and "st ives" are one. The one function
/// for it: what is one value to the facts is one node to the graph.
/// </summary>
internal static class PlainName
{
    private const int MaxLength = 200;

    private static readonly string[] Articles = ["a ", "an ", "the ", "my "];

    // C++, C# and C are three things.
    private const string PartsOfNames = "#%&@";

    public static string Of(string name)
    {
        var text = Words(name);
        foreach (var article in Articles)
        {
            if (text.StartsWith(article, StringComparison.Ordinal))
            {
                text = text[article.Length..];
                break;
            }
        }

        // Of a name that is nothing but punctuation, that is the name: nobody must become the nameless person.
        if (text.Length == 0)
            text = name.Trim();
        return text.Length <= MaxLength ? text : text[..MaxLength];
    }

    /// <summary>The same of a text of any length, articles included: its words with a blank between them.</summary>
    public static string Words(string text)
    {
        var plain = new StringBuilder(text.Length);
        var letters = PlainLetters.Of(text).ToLowerInvariant();
        for (var at = 0; at < letters.Length; at++)
        {
            var letter = letters[at];
            if (letter is '\'' or '’' or '‘')
                continue;
            var inNumber = letter is '.' or ',' && at > 0 && at + 1 < letters.Length && char.IsAsciiDigit(letters[at - 1]) && char.IsAsciiDigit(letters[at + 1]);
            if (inNumber || PartsOfNames.Contains(letter, StringComparison.Ordinal) || !(char.IsPunctuation(letter) || char.IsWhiteSpace(letter)))
                plain.Append(letter);
            else if (plain.Length > 0 && plain[^1] != ' ')
                plain.Append(' ');
        }

        return plain.ToString().TrimEnd();
    }
}
