using System.Collections.Immutable;
using Comox.Memory.Ingestion;
using Comox.Memory.Recall;
using Comox.Memory.Sessions;

namespace Comox.Benchmarks.BuiltInModel;

/// <summary>What is remembered of one person: the lines that a question is about, and others about the same person up to the number a prompt shows.</summary>
internal sealed class TalkerMemory(HeldOutLists lists, HeldOutPersona persona, string user, Random random)
{
    public const int Lines = 12;
    private static readonly DateTimeOffset Today = new(2026, 11, 20, 18, 0, 0, TimeSpan.Zero);

    private readonly List<Candidate> _candidates = [];
    private readonly List<TalkerFact> _facts = [];

    /// <summary>Everything that any line names.</summary>
    public IReadOnlyList<string> Values => [.. _facts.Select(fact => fact.Value)];

    public IReadOnlyList<TalkerFact> Facts => _facts;

    /// <summary>As the memory's own sentence.</summary>
    public void AddFact(TalkerFact fact, int? daysAgo = null)
    {
        _facts.Add(fact);
        var told = new ToldFact($"fct_{_facts.Count}", fact.Relation!, fact.Value, false, "ses_past", $"trn_fact_{_facts.Count}", Date(daysAgo), 1, fact.Value);
        _candidates.Add(new Candidate { Fact = told, Score = 0, Lanes = ImmutableSortedDictionary<string, double>.Empty, Why = "evaluation" });
    }

    /// <summary>As the sentence in which the person said it.</summary>
    public void AddTold(TalkerFact fact, int? daysAgo = null)
    {
        _facts.Add(fact);
        AddTurn(Utterance.User, fact.Into(TalkerTopic.Pick(lists.Told[fact.Topic.Key], random)), daysAgo);
    }

    /// <summary>Whatever else is known, none of which answers a question for these.</summary>
    public IReadOnlyList<Candidate> Fill(params IReadOnlyList<TalkerFact> asked)
    {
        while (_candidates.Count < Lines)
        {
            if (random.Next(8) == 0)
            {
                var own = random.Next(2) == 0;
                AddTurn(own ? Utterance.Assistant : Utterance.User, own ? persona.Say(TalkerTopic.Pick(lists.Fillers, random)) : TalkerTopic.Pick(lists.Remarks, random), null);
            }
            else if (Other(asked) is { } fact && fact.Relation is not null && random.Next(4) > 0)
                AddFact(fact);
            else if (Other(asked) is { } other)
                AddTold(other);
        }

        // Recall's order is by worth for the message, of which the model is to know nothing.
        var shuffled = _candidates.ToArray();
        random.Shuffle(shuffled);
        return [.. shuffled.Select((candidate, place) => candidate with { Score = 1 - (place * 0.01) })];
    }

    /// <summary>A fact beside those in memory; null where the one drawn does not go with them.</summary>
    private TalkerFact? Other(IReadOnlyList<TalkerFact> asked)
    {
        // Of the asked topic where it has nouns: another sister's name is what a question is most easily mixed up with.
        var topic = asked.Count > 0 && asked[0].Noun is not null && random.Next(4) == 0 ? asked[0].Topic : TalkerTopic.Pick(TalkerTopic.All, random);
        var fact = topic.Draw(lists, random);
        return fact.Value == user || _facts.Concat(asked).Any(known => TalkerTopic.AreMixedUp(known, fact) || known.Value == fact.Value) ? null : fact;
    }

    private void AddTurn(string role, string content, int? daysAgo)
    {
        if (_candidates.Any(candidate => candidate.Turn?.Content == content))
            return;
        var turn = new RecallTurn($"trn_{_candidates.Count}", "ses_past", role, content, Date(daysAgo));
        _candidates.Add(new Candidate { Turn = turn, Score = 0, Lanes = ImmutableSortedDictionary<string, double>.Empty, Why = "evaluation" });
    }

    private DateTimeOffset Date(int? daysAgo) => Today - TimeSpan.FromDays(daysAgo ?? random.Next(1, 365));
}
