using System.Text.RegularExpressions;

namespace Comox.Memory.Identity;

/// <summary>What a boundary's own sentence says that a rule can check. Sentences that forbid nothing, or nothing a rule can see, give no rule.</summary>
internal sealed partial record StatedRule
{
    // It is run on whatever a model writes, "no no no" a thousand times included: it must not backtrack.
    private static readonly Regex Refusal = new(
        @"(?:\b(?:not|no|never|nothing|refuse|rather|enough|stop|cannot|without|dinna|nae)\b|n't\b).*\b(?:speak|talk|discuss|mention|say|tell|name|ask|question|about|word|hear)s?\b",
        RegexOptions.NonBacktracking | RegexOptions.IgnoreCase | RegexOptions.CultureInvariant);

    private static readonly HashSet<string> Empty = new(StringComparer.OrdinalIgnoreCase)
    {
        "a", "an", "the", "his", "her", "hers", "their", "its", "own", "any", "of", "about", "to", "with", "anyone", "anything", "even", "again", "else", "what", "happened", "who", "is", "was", "in", "on",
    };

    private static readonly string[] SwearWords =
        ["damn", "damned", "goddamn", "what the hell", "bloody hell", "shit", "shitty", "bullshit", "fuck", "fucking", "fucked", "bastard", "bitch", "crap", "piss off", "asshole", "arsehole"];

    /// <summary>Whole words that break it.</summary>
    public IReadOnlyList<string> Words { get; private init; } = [];

    /// <summary>Subjects that are not spoken of: all words of one in one sentence break it.</summary>
    private IReadOnlyList<string[]> Topics { get; init; } = [];

    private bool NoEmoji { get; init; }
    private char? NoMark { get; init; }
    private bool NoContractions { get; init; }

    public bool IsKnown => Topics.Count > 0 || NoEmoji || NoMark is not null || NoContractions;

    public static StatedRule Of(string sentence)
    {
        var text = sentence.Replace('’', '\'').Replace('“', '"').Replace('”', '"').Trim();
        if (!Forbids().IsMatch(text))
            return new StatedRule();
        var utters = Utters().IsMatch(text);
        return new StatedRule
        {
            Words =
            [
                .. utters ? Forbidden(text) : [],
                .. Swears().IsMatch(text) ? SwearWords : [],
            ],
            Topics = utters && Quoted().IsMatch(text) ? [] : [.. TopicsOf(text)],
            NoEmoji = text.Contains("emoji", StringComparison.OrdinalIgnoreCase) || text.Contains("emoticon", StringComparison.OrdinalIgnoreCase),
            NoMark = text.Contains("exclamation", StringComparison.OrdinalIgnoreCase) ? '!' : Asks().IsMatch(text) ? '?' : null,
            NoContractions = text.Contains("contraction", StringComparison.OrdinalIgnoreCase),
        };
    }

    // "Never says 'hello', always 'ahoy'" forbids the first alone.
    private static IEnumerable<string> Forbidden(string text) =>
        Quoted().Matches(text).Where(match => Forbids().Matches(text[..match.Index]).LastOrDefault() is { } forbids
            ? !Instead().IsMatch(Quoted().Replace(text[forbids.Index..match.Index], " "))
            : !Utters().IsMatch(text[..match.Index])).Select(match => match.Groups[1].Value);

    public (double Weight, string Words) Breach(string reply)
    {
        if (NoMark is { } mark && reply.Contains(mark, StringComparison.Ordinal))
            return (Boundary.Surely, mark.ToString());
        if (NoContractions && Contraction().Match(reply) is { Success: true } contraction)
            return (Boundary.Surely, contraction.Value);
        if (NoEmoji && EmojiIn(reply) is { } emoji)
            return (Boundary.Surely, emoji);
        if (Topics.Count == 0)
            return default;
        foreach (Match sentence in Sentence().Matches(reply))
        {
            // "My daughter? I will not speak of my daughter" keeps to the boundary.
            if (sentence.Groups["end"].Value.Contains('?', StringComparison.Ordinal) || Refusal.IsMatch(sentence.Value))
                continue;
            var words = WordsOf(sentence.Value).ToHashSet(StringComparer.Ordinal);
            if (Topics.FirstOrDefault(topic => topic.All(words.Contains)) is { } broken)
                return (TopicWeight, string.Join(' ', broken));
        }

        return default;
    }

    // Naming a subject is not yet speaking of it, and words have other meanings: half past nine is not the past.
    private const double TopicWeight = 0.6;

    private static IEnumerable<string[]> TopicsOf(string text)
    {
        if (SpeaksOf().Match(text) is not { Success: true } match)
            yield break;
        foreach (var topic in Separators().Split(match.Groups["what"].Value))
        {
            var words = WordsOf(topic).Where(word => !Empty.Contains(word)).ToArray();
            if (words.Length is > 0 and <= 4)
                yield return words;
        }
    }

    // Plurals and possessives are the same word: debts, debt's, debt.
    private static IEnumerable<string> WordsOf(string text) =>
        Word().Matches(text).Select(match => match.Value.ToLowerInvariant())
            .Select(word => word.EndsWith("'s", StringComparison.Ordinal) ? word[..^2] : word.Trim('\''))
            .Select(word => word.Length > 3 && word[^1] == 's' && word[^2] != 's' ? word[..^1] : word);

    private static string? EmojiIn(string text)
    {
        foreach (var rune in text.EnumerateRunes())
        {
            if (rune.Value is (>= 0x1F300 and <= 0x1FAFF) or (>= 0x2600 and <= 0x27BF))
                return rune.ToString();
        }

        return null;
    }

    [GeneratedRegex(@"\b(?:never|does(?: not|n't)|do(?: not|n't)|will not|won't|refuses? to|no longer|must not|cannot|can't)\b", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex Forbids();

    [GeneratedRegex(@"\b(?:says?|uses?|utters?|calls?|writes?|speaks?|mentions?)\b", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex Utters();

    [GeneratedRegex(@"(?:^|[\s(,])[""']([^""']{1,60})[""']")]
    private static partial Regex Quoted();

    [GeneratedRegex(@"\b(?:swears?|curses?|profan\w*|foul language)\b", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex Swears();

    [GeneratedRegex(@";|\b(?:instead|always|but|rather|only)\b", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex Instead();

    [GeneratedRegex(@"\basks? (?:any )?questions?(?=\s*(?:[.,;!]|$))", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex Asks();

    [GeneratedRegex(@"\b(?:mentions?|discuss(?:es)?|(?:speaks?|talks?|gossips?) (?:of|about))\s+(?<what>[^.;:!]+)", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex SpeaksOf();

    [GeneratedRegex(@"[^.!?…\n]+(?<end>[.!?…]*)")]
    private static partial Regex Sentence();

    [GeneratedRegex(@",|\bor\b|\band\b", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex Separators();

    [GeneratedRegex(@"[\p{L}\p{N}]+(?:'[\p{L}]+)?")]
    private static partial Regex Word();

    [GeneratedRegex(@"\b\w+(?:n't|'re|'ll|'ve|'m|'d)\b", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex Contraction();
}
