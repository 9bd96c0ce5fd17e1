using Comox.Memory.Ingestion;

namespace Comox.Memory.Recall;

/// <summary>Something that may go into a prompt: a fact or an earlier turn, with what speaks for it.</summary>
internal sealed record Candidate
{
    public ToldFact? Fact { get; init; }
    public RecallTurn? Turn { get; init; }
    public required double Score { get; init; }

    /// <summary>What each lane adds to the score; by name.</summary>
    public required IReadOnlyDictionary<string, double> Lanes { get; init; }
    public required string Why { get; init; }

    /// <summary>The character in whose session it was witnessed; null: it is from one of the own.</summary>
    public Host? Host { get; init; }

    public string Id => Fact?.Id ?? Turn!.Id;
}

/// <summary>What is offered for a message, best first, and how the message was read.</summary>
internal sealed record Recalled(Intent Intent, TimeWindow? Window, IReadOnlyList<Candidate> Candidates);

/// <summary>Ranks what is remembered for one message. No model, no network; the same state and message give the same answer.</summary>
internal static class Recaller
{
    private const int TurnsConsidered = 24;

    // A turn that has less than this part of the best word score shares a word by accident, whoever said it and when.
    private const double Cutoff = .2;

    /// <summary>What holds of <paramref name="facts"/> (newest first) and of the index for a message, best first.</summary>
    public static Recalled Recall(RecallIndex index, IReadOnlyList<ToldFact> facts, RecallQuery query)
    {
        var found = index.Search(query, TurnsConsidered * 2);
        var candidates = FactRanking.Rank(index, facts, query, found.Intent).Concat(Turns(found.Turns));
        return new Recalled(
            found.Intent,
            found.Window,
            [.. candidates.OrderByDescending(candidate => candidate.Score).ThenByDescending(Said).ThenBy(candidate => candidate.Id, StringComparer.Ordinal)]);
    }

    private static IEnumerable<Candidate> Turns(IReadOnlyList<FoundTurn> found)
    {
        var best = found.Count > 0 ? Math.Max(1e-9, found[0].Score) : 1;
        var hasWords = found.Any(turn => turn.Lanes.Words > 0);
        return found
            .Where(turn => (turn.Traits & (TurnTraits.Empty | TurnTraits.PlainQuestion)) == 0)
            .Where(turn => turn.Lanes.Words >= Cutoff || turn.Lanes.Dense >= Cutoff || turn.Lanes.Graph > 0 || (turn.Lanes.Window > 0 && !hasWords))
            .Take(TurnsConsidered)
            .Select(turn => new Candidate
            {
                Turn = turn.Turn,
                Host = turn.Turn.Host,
                Score = Math.Round(turn.Score / best, 6),
                Lanes = turn.Lanes.Named(1 / best),
                Why = Why(turn.Lanes),
            });
    }

    private static string Why(LaneScores lanes)
    {
        List<string> reasons = [];
        if (lanes.Words > 0)
            reasons.Add(lanes.Lexical + lanes.Key > lanes.Neighbour ? "shares words, or what they stand for, with the message" : "the turns around it share words, or what they stand for, with the message");
        if (lanes.Dense > 0)
            reasons.Add("means something like it");
        if (lanes.Graph > 0)
            reasons.Add("speaks of what the message's names are connected with");
        if (lanes.Window > 0)
            reasons.Add("was said in the time it names");
        if (lanes.Subject > 0)
            reasons.Add("its speaker is whom the message is about");
        return string.Join(", and ", reasons);
    }

    private static DateTimeOffset Said(Candidate candidate) => candidate.Fact?.SaidAt ?? candidate.Turn!.SaidAt;
}
