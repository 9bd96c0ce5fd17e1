using Comox.Memory.Cards;

namespace Comox.Memory.Identity.Drift;

/// <summary>
/// Which words, and which spellings, are a character's own. A text is near where its words and threes of letters are likelier under the character's lines
/// than in plain English, by a mixture of both (so that what the card never says costs little, and nothing costs without end). What a reply of the same voice
/// usually gets is measured by leaving each line out once.
/// </summary>
internal sealed class VocabularyBaseline
{
    // The share of a character's words that is taken to be its own; the rest is English.
    private const double Own = 0.5;
    private const double Spread = 0.35;
    private const double LentLines = 4;
    private const double Ordinary = 0.3;
    private const double Foreign = 1.9;
    private const double Notable = 0.3;

    // Standard deviation of one word's nearness: the fewer words, the more of their mean is chance.
    private const double OneWord = 1.2;
    private const int LeastWords = 7;

    private static readonly WordCounts English = CountsOf([PlainEnglish.Text]);

    private readonly WordCounts _counts = new();
    private readonly double _usual;
    private readonly double _deviation;

    public VocabularyBaseline(IReadOnlyList<string> lines)
    {
        foreach (var line in lines)
            _counts.Add(line);
        IsKnown = lines.Count >= DriftScorer.LeastLines && _counts.Words >= LeastKnownWords;
        if (!IsKnown)
            return;

        var left = new List<double>();
        foreach (var line in lines)
        {
            _counts.Add(line, -1);
            left.Add(Nearness(line, _counts, null, null, out _));
            _counts.Add(line);
        }

        _usual = left.Average();
        var squares = left.Sum(nearness => (nearness - _usual) * (nearness - _usual)) + (LentLines * Spread * Spread);
        _deviation = Math.Sqrt(squares / (left.Count + LentLines));
    }

    public const int LeastKnownWords = 30;

    public bool IsKnown { get; }

    /// <returns>Null where too few words are left once the person's own are set aside.</returns>
    public double? Score(ReplyToScore asked, List<DriftEvidence> evidence)
    {
        using var heard = asked.Accepted.Count == 0 ? null : CountsOf(asked.Accepted);
        using var told = CountsOf([asked.Message, .. asked.UserNames]);
        var nearness = Nearness(asked.Reply, _counts, heard, told, out var words);
        if (words < LeastWords)
            return null;
        var distance = (_usual - nearness) / Math.Sqrt((_deviation * _deviation) + (OneWord * OneWord / words));
        var score = Math.Clamp((distance - Ordinary) / (Foreign - Ordinary), 0, 1);
        if (score >= Notable && Strangest(asked.Reply, heard, told) is { Length: > 0 } strangest)
            evidence.Add(new DriftEvidence(DriftComponents.Vocabulary, score, $"words that are not its own: {strangest}"));
        return score;
    }

    /// <summary>Mean of the logarithm of how much likelier each word, and each three of letters, is of this character than of anybody.</summary>
    /// <param name="text">What is measured.</param>
    /// <param name="own">Counts over the card's lines.</param>
    /// <param name="heard">Counts over earlier replies. Together they never weigh more than the card: who slides away slowly must not take the measure along.</param>
    /// <param name="told">Counts over what the person said: rare words of it are the person's, and say nothing about who repeats them.</param>
    /// <param name="words">How many words were measured.</param>
    private static double Nearness(string text, WordCounts own, WordCounts? heard, WordCounts? told, out int words)
    {
        Span<char> word = stackalloc char[WordCounts.Room];
        Span<int> grams = stackalloc int[WordCounts.Room];
        var (ofWords, ofGrams, count) = (0.0, 0.0, 0);
        words = 0;
        var times = heard is { Words: > 0 } ? Math.Min(1, own.Words / heard.Words) : 0;
        var (allWords, allGrams) = (own.Words + (times * (heard?.Words ?? 0)), own.Grams + (times * (heard?.Grams ?? 0)));
        for (var at = 0; WordCounts.Next(text, ref at, word, out _, out var length);)
        {
            var place = WordCounts.Place(word[1..(length - 1)]);
            if (IsTold(place, told))
                continue;
            ofWords += Likelier(own.OfWord(place) + (times * (heard?.OfWord(place) ?? 0)), allWords, English.OfWord(place), English.Words, 20_000);
            words++;
            foreach (var gram in WordCounts.GramsOf(word[..length], grams))
            {
                ofGrams += Likelier(own.OfGram(gram) + (times * (heard?.OfGram(gram) ?? 0)), allGrams, English.OfGram(gram), English.Grams, 4_000);
                count++;
            }
        }

        return (words == 0 ? 0 : ofWords / words) + (count == 0 ? 0 : ofGrams / count);
    }

    /// <summary>The longest words that neither the card nor an earlier reply has.</summary>
    private string Strangest(string text, WordCounts? heard, WordCounts? told)
    {
        Span<char> word = stackalloc char[WordCounts.Room];
        var foreign = new List<string>();
        for (var at = 0; WordCounts.Next(text, ref at, word, out _, out var length);)
        {
            var place = WordCounts.Place(word[1..(length - 1)]);
            if (_counts.OfWord(place) <= 0 && heard?.OfWord(place) is not > 0 && !IsTold(place, told))
                foreign.Add(word[1..(length - 1)].ToString());
        }

        return string.Join(", ", foreign.Distinct(StringComparer.Ordinal).OrderByDescending(found => found.Length).ThenBy(found => found, StringComparer.Ordinal).Take(4));
    }

    private static bool IsTold(int place, WordCounts? told) => told?.OfWord(place) > 0 && English.OfWord(place) <= 0;

    private static double Likelier(float own, float ownAll, float english, float englishAll, int kinds)
    {
        var anybody = (english + 0.5) / (englishAll + (0.5 * kinds));
        return Math.Log((1 - Own) + (Own * Math.Max(0, own) / Math.Max(1, ownAll) / anybody));
    }

    private static WordCounts CountsOf(IReadOnlyList<string> texts)
    {
        var counts = new WordCounts();
        foreach (var text in texts)
            counts.Add(text);
        return counts;
    }

    /// <summary>The lines as they would be said: macros would be words of no language.</summary>
    public static IReadOnlyList<string> Spoken(IdentityCore core) =>
        [.. core.Examples.Select(line => CardMacros.Expand(line, core.SpokenName, CardMacros.NamelessUser))];
}
