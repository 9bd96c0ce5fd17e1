using Comox.Memory.Sessions;
using Comox.Memory.Storage;
using Microsoft.EntityFrameworkCore;

namespace Comox.Memory.Ingestion;

/// <summary>What a person had forgotten though its words stay: no later reading of the same words may bring it back.</summary>
internal static class ForgottenFacts
{
    // Beyond the numbers of the rules and of a model.
    private const int FirstNumber = 900;

    /// <summary>What was forgotten of these turns since each was last edited.</summary>
    public static async Task<ILookup<string, ReadFact>> OfAsync(MemoryDb db, IReadOnlyCollection<string> turns, CancellationToken cancellation)
    {
        var told = new Dictionary<string, ReadFact>(StringComparer.Ordinal);
        var forgotten = new List<(string Turn, ReadFact Fact)>();
        foreach (var row in await EventsOf(db, turns).OrderBy(row => row.Number).ToListAsync(cancellation))
        {
            switch (SessionLog.Read(row))
            {
                case TurnEdited edited:
                    forgotten.RemoveAll(entry => entry.Turn == edited.Turn);
                    break;
                case FactsRead read:
                    foreach (var fact in read.Facts)
                        told[fact.Id] = fact;
                    break;
                case FactForgotten gone when told.TryGetValue(gone.Fact, out var fact):
                    forgotten.Add((gone.Turn, fact));
                    break;
            }
        }

        return forgotten.ToLookup(entry => entry.Turn, entry => entry.Fact, StringComparer.Ordinal);
    }

    /// <summary>By the turns alone, which are of one session: with that SQLite would read all its log.</summary>
    internal static IQueryable<EventRow> EventsOf(MemoryDb db, IReadOnlyCollection<string> turns) =>
        db.Events.AsNoTracking().Where(row => row.TurnId != null && turns.Contains(row.TurnId));

    /// <summary>The events of a turn with the words of another, or with what is left of its own, of which this was forgotten: it is read, and forgotten, here as there.</summary>
    /// <param name="turn">The id of the turn.</param>
    /// <param name="read">What the rules find in it; null: nothing.</param>
    /// <param name="forgotten">What was forgotten of them, by whichever reader it was found.</param>
    public static IEnumerable<SessionEvent> Again(string turn, FactsRead? read, IEnumerable<ReadFact> forgotten)
    {
        var facts = new List<ReadFact>(read?.Facts ?? []);
        var gone = new List<SessionEvent>();
        foreach (var fact in forgotten)
        {
            var here = facts.Find(found => (found.Relation, found.About, found.Object, found.Retracts) == (fact.Relation, fact.About, fact.Object, fact.Retracts));
            if (here is null)
                facts.Add(here = fact with { Id = TurnFacts.Id(turn, FirstNumber + gone.Count) });
            gone.Add(new FactForgotten(here.Id, turn));
        }

        return facts.Count == 0 ? [] : [new FactsRead(turn, TurnFacts.Reader, facts), .. gone];
    }
}
