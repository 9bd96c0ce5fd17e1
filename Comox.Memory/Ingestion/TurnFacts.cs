using Comox.Memory.Sessions;
using Comox.Memory.Storage;

namespace Comox.Memory.Ingestion;

/// <summary>Reads a turn by rules, at once: what a person has just said of themselves is known in the very next prompt, model or no model.</summary>
internal sealed class TurnFacts(IFactExtractor extractor)
{
    /// <summary>The reader's name in the log. Its number goes up with every change of the rules.</summary>
    public const string Reader = "rules/1";

    /// <returns>Null where the turn tells nothing.</returns>
    public FactsRead? Read(TurnRow turn)
    {
        // A character's words are not the person's, and a quoted chat is anybody's.
        if (turn.Role != Utterance.User || BackgroundCalls.QuotesChat(turn.Content))
            return null;
        var facts = extractor.Extract(turn.Content)
            .Select((fact, number) => new ReadFact(Id(turn.Id, number), fact.Relation, fact.Object, fact.Retracts, fact.QuoteStart, fact.Quote))
            .ToList();
        return facts.Count > 0 ? new FactsRead(turn.Id, Reader, facts) : null;
    }

    /// <summary>From its turn, so that the same turn has the same facts and they sort in the order of the words.</summary>
    public static string Id(string turn, int number) => $"fct_{turn[(turn.IndexOf('_', StringComparison.Ordinal) + 1)..]}_{number:D3}";
}
