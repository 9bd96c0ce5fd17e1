using Comox.Memory.Sessions;
using Comox.Memory.Storage;

namespace Comox.Memory.Ingestion;

/// <summary>Reads a turn by rules, at once: what a person has just said of themselves is known in the very next prompt, model or no model.</summary>
internal sealed class TurnFacts(IFactExtractor extractor, TimeProvider time)
{
    /// <summary>The reader's name in the log. Its number goes up with every change of the rules.</summary>
    public const string Reader = "rules/2";

    /// <returns>Null where the turn tells nothing.</returns>
    public FactsRead? Read(TurnRow turn)
    {
        // A character's words are not the person's, and a quoted chat is anybody's.
        if (turn.Role != Utterance.User || BackgroundCalls.QuotesChat(turn.Content))
            return null;
        var found = extractor.Extract(turn.Content);
        var facts = found
            .Select((fact, number) => Timed(
                new ReadFact(Id(turn.Id, number), fact.Relation, fact.Object, fact.Retracts, fact.QuoteStart, fact.Quote), turn, [.. found.Select(other => (other.QuoteStart, other.Quote.Length))], fact.Past))
            .ToList();
        return facts.Count > 0 ? new FactsRead(turn.Id, Reader, facts) : null;
    }

    /// <summary>A statement with the time that the words around it name.</summary>
    /// <param name="fact">What was read.</param>
    /// <param name="turn">Where; times are reckoned from when it was said.</param>
    /// <param name="quotes">Places of all that was read in the turn.</param>
    /// <param name="past">Whether it is over; null: the words decide.</param>
    public ReadFact Timed(ReadFact fact, TurnRow turn, IReadOnlyList<(int Start, int Length)> quotes, bool? past)
    {
        // A birthday's date is its value, and not since when it is one.
        if (fact.Relation == Relations.Birthday)
            return fact;
        var when = FactTimes.Of(
            turn.Content, fact.Start, fact.Quote.Length, [.. quotes.Select(quote => (quote.Start, quote.Start + quote.Length))], past, turn.CreatedAt, time.LocalTimeZone);
        return fact with { ValidFrom = when.From, ValidTo = fact.Retracts ? null : when.Until };
    }

    /// <summary>From its turn, so that the same turn has the same facts and they sort in the order of the words.</summary>
    public static string Id(string turn, int number) => $"fct_{turn[(turn.IndexOf('_', StringComparison.Ordinal) + 1)..]}_{number:D3}";
}
