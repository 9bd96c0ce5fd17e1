using Comox.Memory.Ingestion;

namespace Comox.Memory.Recall;

/// <summary>A turn with its BM25 over itself and its neighbours, and with what is added because the question is about the one who spoke.</summary>
internal sealed record FoundTurn(RecallTurn Turn, double Lexical, double Subject)
{
    public double Score => Lexical + Subject;
}

/// <summary>Everything a person and a character said on the current lines of their sessions.</summary>
internal sealed class RecallIndex(IReadOnlyDictionary<string, RecallSegment> segments)
{
    private const double K1 = 1.2;
    private const double B = .5;
    private const double SubjectPrior = .3;

    // What a term weighs in a turn and its four neighbours together: 1 + 2·½ + 2·⅕.
    private const double NeighbourhoodWeight = 2.4;

    public static RecallIndex Empty { get; } = new(new Dictionary<string, RecallSegment>());

    public int TurnCount => segments.Values.Sum(segment => segment.Turns.Count);

    /// <summary>The index as it will be when a session's line has become another one.</summary>
    public RecallIndex With(string sessionId, RecallSegment line) => new(new Dictionary<string, RecallSegment>(segments) { [sessionId] = line });

    /// <summary>What holds, newest first, when these are told besides.</summary>
    public IReadOnlyList<ToldFact> Facts(params IEnumerable<ToldFact> besides) =>
        FactFold.Held(segments.Values.SelectMany(segment => segment.Facts).Concat(besides));

    /// <summary>The turns that answer a question best: BM25 with neighbours and subject prior, ties by id.</summary>
    public IReadOnlyList<FoundTurn> Search(string question, int limit)
    {
        var scores = new Dictionary<RecallTurn, double>(ReferenceEqualityComparer.Instance);
        var total = TurnCount;
        if (total == 0)
            return [];
        var averageLength = NeighbourhoodWeight * segments.Values.Sum(segment => (double)segment.TermCount) / total;
        foreach (var term in Terms.Of(question).Distinct(StringComparer.Ordinal))
        {
            var counts = segments.Values.Select(segment => (Segment: segment, Counts: segment.Counts(term))).Where(found => found.Counts is not null).ToList();
            var frequency = counts.Sum(found => found.Counts!.Count);
            var rarity = Math.Log(1 + ((total - frequency + .5) / (frequency + .5)));
            foreach (var (segment, found) in counts)
            {
                foreach (var (at, count) in found!)
                {
                    var turn = segment.Turns[at];
                    var score = rarity * count / (count + (K1 * (1 - B + (B * segment.LengthAt(at) / averageLength))));
                    scores[turn] = scores.GetValueOrDefault(turn) + score;
                }
            }
        }

        if (scores.Count == 0)
            return [];
        var prior = SubjectPrior * scores.Values.Max();
        var about = Asked.About(question);
        return
        [
            .. scores.Select(pair => new FoundTurn(pair.Key, pair.Value, about is { } user && pair.Key.IsUser == user ? prior : 0))
                .OrderByDescending(found => found.Score)
                .ThenBy(found => found.Turn.Id, StringComparer.Ordinal)
                .Take(limit),
        ];
    }
}
