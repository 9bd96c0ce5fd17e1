using System.Globalization;
using Comox.Memory.Ingestion;
using Comox.Memory.Sessions;
using Comox.Memory.Storage;

namespace Comox.Memory.Recall;

/// <summary>A turn as recall finds it.</summary>
internal sealed record RecallTurn(string Id, string SessionId, string Role, string Content, DateTimeOffset SaidAt)
{
    public bool IsUser => Role == Utterance.User;

    public static RecallTurn From(TurnRow row) => new(row.Id, row.SessionId, row.Role, row.Content, row.CreatedAt);
}

/// <summary>
/// The current line of one session: its turns with their terms, and the facts told in it. Grows at its end; a line that changed elsewhere is built anew.
/// </summary>
internal sealed class RecallSegment(TimeZoneInfo zone)
{
    private readonly Dictionary<string, List<(int At, int Count)>> _postings = new(StringComparer.Ordinal);
    private readonly List<RecallTurn> _turns = [];
    private readonly List<int> _lengths = [];
    private readonly List<ToldFact> _facts = [];

    public IReadOnlyList<RecallTurn> Turns => _turns;
    public IReadOnlyList<ToldFact> Facts => _facts;

    /// <summary>Terms of all turns, repeats included.</summary>
    public int TermCount { get; private set; }

    /// <summary>The version of the session that this reflects.</summary>
    public int Version { get; set; } = -1;

    public void Add(RecallTurn turn, string speaker, IEnumerable<ToldFact> facts)
    {
        var at = _turns.Count;
        var length = 0;
        foreach (var group in TermsOf(turn, speaker).GroupBy(term => term, StringComparer.Ordinal))
        {
            if (!_postings.TryGetValue(group.Key, out var postings))
                _postings[group.Key] = postings = [];
            var count = group.Count();
            postings.Add((at, count));
            length += count;
        }

        _turns.Add(turn);
        _lengths.Add(length);
        TermCount += length;
        _facts.AddRange(facts);
    }

    /// <summary>Own length, and what the neighbours lend to it.</summary>
    public double LengthAt(int at)
    {
        var sum = 0.0;
        for (var distance = -2; distance <= 2; distance++)
        {
            if (at + distance >= 0 && at + distance < _turns.Count)
                sum += _lengths[at + distance] * Weight(distance);
        }

        return sum;
    }

    /// <summary>
    /// Counts of a term by turn. A turn is found by its neighbours' words too, because people ask in one turn and answer in the next:
    /// tf' = own + ½ of each of the two before + ⅕ of each of the two after.
    /// </summary>
    public Dictionary<int, double>? Counts(string term)
    {
        if (!_postings.TryGetValue(term, out var postings))
            return null;
        var counts = new Dictionary<int, double>();
        foreach (var (at, count) in postings)
        {
            for (var distance = -2; distance <= 2; distance++)
            {
                var turn = at + distance;
                if (turn >= 0 && turn < _turns.Count)
                    counts[turn] = counts.GetValueOrDefault(turn) + (count * Weight(-distance));
            }
        }

        return counts;
    }

    // Of a neighbour that many turns away; those before are negative.
    private static double Weight(int distance) => distance switch { 0 => 1, < 0 => .5, > 0 => .2 };

    private IEnumerable<string> TermsOf(RecallTurn turn, string speaker) =>
        Terms.Of($"{speaker} {TimeZoneInfo.ConvertTime(turn.SaidAt, zone).ToString("dddd yyyy MMMM", CultureInfo.InvariantCulture)} {turn.Content}");
}
