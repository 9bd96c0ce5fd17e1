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
    private const double Foreign = 2.5;

    private static readonly WordCounts English = CountsOf(PlainEnglish.Text);

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
            left.Add(Nearness(line, _counts, []));
            _counts.Add(line);
        }

        _usual = left.Average();
        var squares = left.Sum(nearness => (nearness - _usual) * (nearness - _usual)) + (LentLines * Spread * Spread);
        _deviation = Math.Sqrt(squares / (left.Count + LentLines));
    }

    public const int LeastKnownWords = 40;

    public bool IsKnown { get; }

    public double Score(string reply, IReadOnlyList<string> accepted, List<DriftEvidence> evidence)
    {
        var foreign = new List<string>();
        var distance = (_usual - Nearness(reply, With(accepted), foreign)) / _deviation;
        var score = Math.Clamp((distance - Ordinary) / (Foreign - Ordinary), 0, 1);
        if (score >= 0.3 && foreign.Count > 0)
        {
            var strangest = foreign.Distinct(StringComparer.Ordinal).OrderByDescending(word => word.Length).ThenBy(word => word, StringComparer.Ordinal).Take(4);
            evidence.Add(new DriftEvidence(DriftComponents.Vocabulary, score, $"words that are not its own: {string.Join(", ", strangest)}"));
        }

        return score;
    }

    // Together, earlier replies never weigh more than the card: a character that slides away slowly must not take its measure along.
    private WordCounts With(IReadOnlyList<string> accepted)
    {
        if (accepted.Count == 0)
            return _counts;
        var heard = new WordCounts();
        foreach (var reply in accepted)
            heard.Add(reply);
        if (heard.Words <= 0)
            return _counts;
        var (counts, times) = (_counts.Copy(), Math.Min(1, _counts.Words / heard.Words));
        foreach (var reply in accepted)
            counts.Add(reply, times);
        return counts;
    }

    /// <summary>Mean of the logarithm of how much likelier each word, and each three of letters, is of this character than of anybody.</summary>
    private static double Nearness(string text, WordCounts own, List<string> foreign)
    {
        Span<char> word = stackalloc char[WordCounts.Room];
        Span<int> grams = stackalloc int[WordCounts.Room];
        var (ofWords, words, ofGrams, count) = (0.0, 0, 0.0, 0);
        for (var at = 0; WordCounts.Next(text, ref at, word, out _, out var length);)
        {
            var place = WordCounts.Place(word[1..(length - 1)]);
            ofWords += Likelier(own.OfWord(place), own.Words, English.OfWord(place), English.Words, 20_000);
            words++;
            if (own.OfWord(place) <= 0)
                foreign.Add(word[1..(length - 1)].ToString());
            foreach (var gram in WordCounts.GramsOf(word[..length], grams))
            {
                ofGrams += Likelier(own.OfGram(gram), own.Grams, English.OfGram(gram), English.Grams, 4_000);
                count++;
            }
        }

        return (words == 0 ? 0 : ofWords / words) + (count == 0 ? 0 : ofGrams / count);
    }

    private static double Likelier(float own, float ownAll, float english, float englishAll, int kinds)
    {
        var anybody = (english + 0.5) / (englishAll + (0.5 * kinds));
        return Math.Log((1 - Own) + (Own * Math.Max(0, own) / Math.Max(1, ownAll) / anybody));
    }

    private static WordCounts CountsOf(string text)
    {
        var counts = new WordCounts();
        counts.Add(text);
        return counts;
    }

    /// <summary>The lines as they would be said: macros would be words of no language.</summary>
    public static IReadOnlyList<string> Spoken(IdentityCore core) =>
        [.. core.Examples.Select(line => CardMacros.Expand(line, core.SpokenName, CardMacros.NamelessUser))];
}
