using System.Globalization;
using System.Text.RegularExpressions;

namespace Comox.Memory.Cards;

/// <summary>
/// <c>extensions.comox</c> as far as it says who a character is, beyond what the Character Card formats have fields for. Every part may be missing.
/// <code>
/// "extensions": { "comox": {
///   "psychology": "Trusts slowly, forgets nothing.",
///   "style": "Short sentences, dry comparisons.",
///   "boundaries": [
///     "Never speaks of his daughter.",
///     { "text": "Never opens the gate at night.", "words": ["unbar"], "patterns": ["\\bopens? the gate\\b"] } ],
///   "cadence": { "sentence_words": 5, "reply_words": 20, "actions": 0.2, "exclamations": 0, "questions": 0.1 } } }
/// </code>
/// <c>words</c> are whole words, <c>patterns</c> .NET regular expressions without look-around and back-references, both in any case; a reply in which one is
/// found breaks the boundary. <c>actions</c> is the share of words between asterisks, <c>exclamations</c> and <c>questions</c> are per sentence.
/// </summary>
internal sealed record CardIdentity
{
    private const int MostBoundaries = 40;
    private const int MostPatterns = 16;
    private const int LongestPattern = 200;
    private const int LongestBoundary = 1000;
    private const int LargestRepeat = 1000;

    public static readonly CardIdentity None = new();

    public string Psychology { get; init; } = "";
    public string Style { get; init; } = "";
    public IReadOnlyList<CardBoundary> Boundaries { get; init; } = [];
    public CardCadence Cadence { get; init; } = new();

    public static CardIdentity Read(CardFields comox, List<string> warnings)
    {
        var cadence = comox.Object("cadence");
        return new CardIdentity
        {
            Psychology = comox.Note("psychology").Trim(),
            Style = comox.Note("style").Trim(),
            Boundaries = [.. BoundariesOf(comox, warnings).Where(boundary => IsUsable(boundary, warnings)).Take(MostBoundaries)],
            Cadence = new CardCadence
            {
                SentenceWords = Figure(cadence, "sentence_words", 1, 500, warnings),
                ReplyWords = Figure(cadence, "reply_words", 1, 5000, warnings),
                Actions = Figure(cadence, "actions", 0, 1, warnings),
                Exclamations = Figure(cadence, "exclamations", 0, 1, warnings),
                Questions = Figure(cadence, "questions", 0, 1, warnings),
            },
        };
    }

    /// <summary>A pattern of a card as it is matched: in time linear in the text, whatever the pattern says.</summary>
    public static Regex Compile(string pattern) => new(pattern, RegexOptions.NonBacktracking | RegexOptions.IgnoreCase | RegexOptions.CultureInvariant);

    private static IEnumerable<CardBoundary> BoundariesOf(CardFields comox, List<string> warnings)
    {
        foreach (var (text, fields) in comox.TextsOrItems("boundaries"))
        {
            yield return text is not null
                ? new CardBoundary(text.Trim(), [], [])
                : new CardBoundary(
                    fields.Note("text").Trim(),
                    [.. fields.Texts("words").Where(word => !string.IsNullOrWhiteSpace(word)).Take(MostPatterns * 4)],
                    [.. fields.Texts("patterns").Take(MostPatterns).Where(pattern => IsUsable(pattern, warnings))]);
        }
    }

    private static double? Figure(CardFields cadence, string name, double least, double most, List<string> warnings)
    {
        var value = cadence.Number(name, double.NaN);
        if (double.IsNaN(value))
            return null;
        if (value >= least && value <= most)
            return value;
        CardReader.Warn(warnings, () => $"extensions.comox.cadence.{name} is {CardReader.Written(value)}; it is used from {CardReader.Written(least)} to {CardReader.Written(most)} only.");
        return null;
    }

    // What it forbids is read from its words, with every prompt of the character anew.
    private static bool IsUsable(CardBoundary boundary, List<string> warnings)
    {
        if (boundary.Text.Length > LongestBoundary)
            CardReader.Warn(warnings, () => $"The boundary \"{boundary.Text[..40]}…\" is not used: it is longer than {LongestBoundary} characters.");
        return boundary.Text.Length is > 0 and <= LongestBoundary;
    }

    private static bool IsUsable(string pattern, List<string> warnings)
    {
        var problem = pattern.Length > LongestPattern ? $"it is longer than {LongestPattern} characters" : Repeats(pattern) > LargestRepeat ? "it repeats too much" : null;
        try
        {
            if (problem is null)
                Compile(pattern);
        }
        catch (Exception wrong) when (wrong is ArgumentException or NotSupportedException)
        {
            problem = wrong is ArgumentException ? "it is not a regular expression" : "look-around and back-references are not supported";
        }

        if (problem is not null)
            CardReader.Warn(warnings, () => $"The pattern \"{(pattern.Length > 40 ? pattern[..40] + "…" : pattern)}\" of a boundary is not used: {problem}.");
        return problem is null;
    }

    // (a{99}){99} is written out before it is matched: ten characters of a card must not become ten thousand states.
    private static double Repeats(string pattern)
    {
        var product = 1.0;
        for (var at = pattern.IndexOf('{'); at >= 0; at = pattern.IndexOf('{', at + 1))
        {
            var figures = pattern[(at + 1)..].Split('}')[0].Split(',');
            if (double.TryParse(figures[^1], CultureInfo.InvariantCulture, out var most) || double.TryParse(figures[0], CultureInfo.InvariantCulture, out most))
                product *= Math.Max(1, most);
        }

        return product;
    }
}

/// <param name="Text">The boundary in the author's words.</param>
/// <param name="Words">Whole words that break it.</param>
/// <param name="Patterns">Regular expressions that break it.</param>
internal sealed record CardBoundary(string Text, IReadOnlyList<string> Words, IReadOnlyList<string> Patterns);

/// <summary>What the author says of the rhythm; null where nothing is said.</summary>
internal sealed record CardCadence
{
    public double? SentenceWords { get; init; }
    public double? ReplyWords { get; init; }
    public double? Actions { get; init; }
    public double? Exclamations { get; init; }
    public double? Questions { get; init; }

    /// <summary>What is stated, for a model to read; empty where nothing is.</summary>
    public string Written()
    {
        string?[] parts =
        [
            SentenceWords is { } sentence ? $"about {CardReader.Written(sentence)} words a sentence" : null,
            ReplyWords is { } reply ? $"about {CardReader.Written(reply)} words a reply" : null,
            Actions is { } actions ? $"{Percent(actions)} of the words are actions between asterisks" : null,
            Exclamations is { } exclamations ? $"{Percent(exclamations)} of the sentences exclaim" : null,
            Questions is { } questions ? $"{Percent(questions)} of the sentences ask" : null,
        ];
        var stated = string.Join("; ", parts.OfType<string>());
        return stated.Length == 0 ? "" : $"{char.ToUpperInvariant(stated[0])}{stated[1..]}.";
    }

    private static string Percent(double share) => $"{CardReader.Written(Math.Round(100 * share))} %";
}
