using Comox.Memory.Ingestion;

namespace Comox.Memory.Recall;

/// <summary>Ranks what holds about a person for one message: what it asks for, what shares words with it, the core, and then the newest.</summary>
internal static class FactRanking
{
    // More than any prompt has room for.
    private const int FactsConsidered = 32;

    private const double KeyWeight = 2;
    private const double CoreWeight = 1;
    private const double GraphWeight = .5;
    private const double RecencyWeight = .1;

    /// <summary>Best first, of facts that are given newest first.</summary>
    public static IEnumerable<Candidate> Rank(RecallIndex index, IReadOnlyList<ToldFact> facts, RecallQuery query, Intent intent)
    {
        var message = query.Text;
        var words = Terms.Words(message).ToHashSet(StringComparer.Ordinal);
        var terms = Terms.Of(message).Select(term => Terms.Key(term)).ToHashSet();
        var asked = new Dictionary<string, bool>(StringComparer.Ordinal);
        var most = query.Graph.Select(reached => reached.Score).Where(double.IsFinite).DefaultIfEmpty(0).Max();
        var graph = most > 0 ? query.Graph.Where(reached => reached.Score > 0).GroupBy(reached => reached.Id, StringComparer.Ordinal)
            .ToDictionary(group => group.Key, group => GraphWeight * group.Max(reached => reached.Score) / most, StringComparer.Ordinal) : [];
        var best = new List<Scored>(FactsConsidered + 1);
        for (var place = 0; place < facts.Count; place++)
        {
            var fact = facts[place];
            var core = fact.Relation == Relations.Name ? CoreWeight : 0;
            if (intent == Intent.SmallTalk && core == 0)
                continue;
            if (!asked.TryGetValue(fact.Relation, out var isAsked))
                asked[fact.Relation] = isAsked = Asked.For(fact.Relation, words);
            var shared = 0;
            foreach (var term in index.TermsOf(fact))
                shared += terms.Contains(term) ? 1 : 0;
            Keep(best, new Scored(fact, isAsked ? KeyWeight : 0, Math.Min(1, shared * .5), core, graph.GetValueOrDefault(fact.Id), RecencyWeight * (1 - (place / (double)facts.Count))));
        }

        return best.Select(fact => Candidate(fact, terms) with { Host = index.HostOf(fact.Fact.SessionId) });
    }

    // The newest come first, so that most of many are turned away by one comparison.
    private static void Keep(List<Scored> best, Scored scored)
    {
        if (best.Count == FactsConsidered && best[^1].CompareTo(scored) <= 0)
            return;
        var place = best.BinarySearch(scored);
        best.Insert(place < 0 ? ~place : place, scored);
        if (best.Count > FactsConsidered)
            best.RemoveAt(FactsConsidered);
    }

    private static Candidate Candidate(Scored scored, HashSet<ulong> terms) => new()
    {
        Fact = scored.Fact,
        Score = Math.Round(scored.Score, 6),
        Lanes = NamedLanes.Of(("key", scored.Key), ("lexical", scored.Lexical), ("core", scored.Core), ("graph", scored.Graph), ("recency", scored.Recency)),
        Why = Reason(scored, terms) + Replaced(scored.Fact),
    };

    private static string Reason(Scored scored, HashSet<ulong> terms) =>
        scored.Key > 0 ? "the message asks for this"
            : scored.Lexical > 0 ? $"shares {string.Join(", ", Shared(scored.Fact, terms))} with the message"
            : scored.Graph > 0 ? "is connected with what the message names"
            : scored.Core > 0 ? "the person's name is always recalled"
            : "known about the person, and there was room; not what the message asks for";

    // The older statement is in no prompt, and somebody will ask why.
    private static string Replaced(ToldFact fact) => fact.Replaced is { } older
        ? string.Create(System.Globalization.CultureInfo.InvariantCulture, $"; it took the place of what was said on {older.SaidAt:yyyy-MM-dd}: \"{older.Quote}\"")
        : "";

    private static IEnumerable<string> Shared(ToldFact fact, HashSet<ulong> terms) =>
        Terms.Of(TextOf(fact)).Where(term => terms.Contains(Terms.Key(term))).Distinct(StringComparer.Ordinal);

    /// <summary>The words by which a fact shares something with a message.</summary>
    public static string TextOf(ToldFact fact) => $"{Relations.NounOf(fact.Relation)} {fact.Object}";

    private readonly record struct Scored(ToldFact Fact, double Key, double Lexical, double Core, double Graph, double Recency) : IComparable<Scored>
    {
        public double Score => Key + Lexical + Core + Graph + Recency;

        /// <summary>Best first.</summary>
        public int CompareTo(Scored other)
        {
            var order = other.Score.CompareTo(Score);
            if (order == 0)
                order = other.Fact.SaidAt.CompareTo(Fact.SaidAt);
            return order != 0 ? order : string.CompareOrdinal(Fact.Id, other.Fact.Id);
        }
    }
}
