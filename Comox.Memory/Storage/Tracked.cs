using System.Linq.Expressions;
using Microsoft.EntityFrameworkCore;

namespace Comox.Memory.Storage;

/// <summary>Queries that see what is changed and not yet saved.</summary>
internal static class Tracked
{
    private const int TurnsAtOnce = 500;

    /// <summary>
    /// The rows that match as they will be saved: those of the database, with the tracked changes over them, and those that are only added. A row that the
    /// database would not find, because it matches by an unsaved change alone, is tracked already, and so it is found too.
    /// </summary>
    public static async Task<List<T>> Async<T>(DbSet<T> rows, Expression<Func<T, bool>> which, CancellationToken cancellation)
        where T : class
    {
        await rows.Where(which).LoadAsync(cancellation);
        return [.. rows.Local.Where(which.Compile(preferInterpretation: true))];
    }

    /// <summary>The same for the facts of some turns: it costs what these have, however many are tracked.</summary>
    public static async Task<List<FactRow>> FactsOfAsync(MemoryDb db, IEnumerable<string> turns, CancellationToken cancellation)
    {
        var found = new List<FactRow>();
        var local = db.Facts.Local;
        foreach (var some in turns.Chunk(TurnsAtOnce))
        {
            await db.Facts.Where(fact => some.Contains(fact.TurnId)).LoadAsync(cancellation);
            found.AddRange(some.SelectMany(turn => local.GetEntries(nameof(FactRow.TurnId), turn)).Where(entry => entry.State != EntityState.Deleted).Select(entry => entry.Entity));
        }

        return found;
    }
}
