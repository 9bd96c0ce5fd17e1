using System.Text.RegularExpressions;

namespace Comox.Memory.Ingestion;

/// <summary>Trims what a rule caught to the value itself, or refuses it.</summary>
internal static partial class FactValues
{
    private const int MaxWords = 7;
    private const int MaxLength = 60;

    /// <returns>A prefix of <paramref name="caught"/>, or null when that is no value.</returns>
    public static string? Clean(string caught, Value kind)
    {
        if (caught.Contains('\u0001', StringComparison.Ordinal))
            return null;
        var text = Trailing().Replace(Tail().Split(caught, 2)[0], "").TrimEnd();
        var words = text.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        if (words.Length == 0)
            return null;
        return kind switch
        {
            Value.Name => Name(words),
            Value.Attribute when FactWords.NotAttributes.Contains(words[0].Trim(',')) || words[0].EndsWith("ing", StringComparison.OrdinalIgnoreCase) || words.Length > 4 => null,
            _ when words.Length > MaxWords || text.Length > MaxLength || FactWords.NotFirst.Contains(words[0].Trim(',')) => null,
            _ => text,
        };
    }

    private static string? Name(string[] words)
    {
        var first = words[0].TrimEnd(',', '.', '!', ';', ':');
        if (first.Length is 0 or > 40 || !char.IsLetter(first[0]) || FactWords.NotNames.Contains(first))
            return null;
        var taken = 1;
        if (first.Length == words[0].Length)
        {
            while (taken < Math.Min(words.Length, 4) && char.IsUpper(words[taken][0]))
            {
                if (words[taken++][^1] is ',' or '.')
                    break;
            }
        }

        return string.Join(' ', words[..taken]).TrimEnd(',', '.', '!', ';', ':');
    }

    // What follows a value in the same clause and is no part of it.
    [GeneratedRegex(
        @"[,;:!?()\n]|\s+(?=(?:but|because|since|which|who|when|while|where|although|though|whenever|unless|until|and (?:i|my|it|that|we|he|she|they|you|so|not|work|live|like|love|hate|have|am)|so|if|than|instead|now|right now|too|as well|also|these days|nowadays|at the moment|by the way|any ?more|again|already|actually|with my|together with|for (?:\w+ ){1,3}(?:years?|months?|weeks?)|since|every (?:day|morning|evening|night)|in the (?:morning|evening|afternoon)|a lot|very much|so much|the most|best of all|most of all|more than|some ?day|one day|last (?:week|month|year)|this (?:week|month|year)|next (?:week|month|year)|yesterday|today|tomorrow|please|you know|haha|lol|of course|recently)\b)",
        RegexOptions.IgnoreCase)]
    private static partial Regex Tail();

    [GeneratedRegex(@"[\s.…*~)\]]+$")]
    private static partial Regex Trailing();
}
