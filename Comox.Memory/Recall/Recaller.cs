using System.Collections.Immutable;
using Comox.Memory.Ingestion;
using Comox.Memory.Storage;

namespace Comox.Memory.Recall;

/// <summary>Something that may go into a prompt: a fact or an earlier turn, with what speaks for it.</summary>
internal sealed record Candidate
{
    public ToldFact? Fact { get; init; }
    public RecallTurn? Turn { get; init; }
    public required double Score { get; init; }
    public required ImmutableSortedDictionary<string, double> Lanes { get; init; }
    public required string Why { get; init; }

    public string Id => Fact?.Id ?? Turn!.Id;
}

/// <summary>Ranks what is remembered for one message. No model, no network; the same state and message give the same answer.</summary>
internal static class Recaller
{
    private const int TurnsConsidered = 24;
    private const double KeyWeight = 2;
    private const double CoreWeight = 1;
    private const double RecencyWeight = .1;

    // A turn that shares less than this part of the best turn's score shares a word by accident.
    private const double Cutoff = .35;

    /// <summary>What holds of <paramref name="facts"/> (newest first) and of the index for a person's message, best first.</summary>
    public static IReadOnlyList<Candidate> Rank(RecallIndex index, IReadOnlyList<ToldFact> facts, TurnRow asked)
    {
        var message = asked.Content;
        var words = Terms.Words(message).ToHashSet(StringComparer.Ordinal);
        var terms = Terms.Of(message).ToHashSet(StringComparer.Ordinal);
        var candidates = facts.Select((fact, place) => Rank(fact, 1 - (place / (double)facts.Count), words, terms)).Concat(Turns(index, asked));
        return [.. candidates.OrderByDescending(candidate => candidate.Score).ThenBy(candidate => candidate.Id, StringComparer.Ordinal)];
    }

    private static Candidate Rank(ToldFact fact, double recency, IReadOnlySet<string> words, HashSet<string> terms)
    {
        var key = Asked.For(fact.Relation, words) ? KeyWeight : 0;
        var shared = Terms.Of($"{Relations.NounOf(fact.Relation)} {fact.Object}").Where(terms.Contains).Distinct(StringComparer.Ordinal).ToList();
        var lexical = Math.Min(1, shared.Count * .5);
        var core = fact.Relation == Relations.Name ? CoreWeight : 0;
        return new Candidate
        {
            Fact = fact,
            Score = Math.Round(key + lexical + core + (RecencyWeight * recency), 6),
            Lanes = Lanes(("key", key), ("lexical", lexical), ("core", core), ("recency", RecencyWeight * recency)),
            Why = key > 0 ? $"the message asks about {Describe(fact.Relation)}"
                : shared.Count > 0 ? $"shares {string.Join(", ", shared)} with the message"
                : core > 0 ? "the person's name is always recalled"
                : "known about the person; not what the message asks for",
        };
    }

    private static IEnumerable<Candidate> Turns(RecallIndex index, TurnRow asked)
    {
        // A message that is sent again is stored already, and would find itself.
        var found = index.Search(asked.Content, TurnsConsidered * 2).Where(turn => turn.Turn.Id != asked.Id).ToList();
        var best = found.Count > 0 ? found[0].Score : 1;
        return found
            .Where(turn => turn.Turn.Content.Length > 0 && !Asked.IsPlainQuestion(turn.Turn.Content) && turn.Score >= Cutoff * best)
            .Take(TurnsConsidered)
            .Select(turn => new Candidate
            {
                Turn = turn.Turn,
                Score = Math.Round(turn.Score / best, 6),
                Lanes = Lanes(("lexical", turn.Lexical / best), ("subject", turn.Subject / best)),
                Why = turn.Subject > 0 ? "shares words with the message, and its speaker is whom the message is about" : "shares words with the message, itself or in the turns around it",
            });
    }

    private static ImmutableSortedDictionary<string, double> Lanes(params (string Lane, double Score)[] lanes) =>
        lanes.Where(lane => lane.Score > 0).ToImmutableSortedDictionary(lane => lane.Lane, lane => Math.Round(lane.Score, 6), StringComparer.Ordinal);

    private static string Describe(string relation) => relation.Replace('_', ' ').Replace('.', ' ');
}
