using Comox.Memory.Storage;
using Microsoft.EntityFrameworkCore;

namespace Comox.Memory.ShortTerm;

/// <summary>
/// The summaries of a session. One holds for every line with the path it was made from: an edit, a deletion or another branch above its end makes it invalid
/// by itself, and the one before it counts again.
/// </summary>
internal static class Summaries
{
    /// <summary>The summary of the longest part of the current line; null where none holds.</summary>
    public static Task<SummaryRow?> OfLineAsync(MemoryDb db, string sessionId, CancellationToken cancellation) =>
        db.Summaries.AsNoTracking()
            .Where(summary => summary.SessionId == sessionId
                && db.Turns.Any(turn => turn.SessionId == sessionId && turn.Current && turn.Depth == summary.Depth && turn.Chain == summary.Chain))
            .OrderByDescending(summary => summary.Depth).ThenByDescending(summary => summary.Number)
            .FirstOrDefaultAsync(cancellation);

    /// <summary>All that hold for a line, the newest of each depth.</summary>
    /// <param name="db">The database.</param>
    /// <param name="sessionId">The session.</param>
    /// <param name="path">The turns of the line where it is not the stored one; null: the stored one.</param>
    /// <param name="cancellation">Ends the wait.</param>
    public static async Task<IReadOnlyList<SummaryRow>> AllAsync(MemoryDb db, string sessionId, IReadOnlyList<TurnRow>? path, CancellationToken cancellation)
    {
        var rows = await db.Summaries.AsNoTracking().Where(summary => summary.SessionId == sessionId).ToListAsync(cancellation);
        if (rows.Count == 0)
            return [];
        var depths = rows.Select(row => row.Depth).Distinct().ToList();
        var chains = path is not null
            ? path.ToDictionary(turn => turn.Depth, turn => turn.Chain)
            : await db.Turns.AsNoTracking().Where(turn => turn.SessionId == sessionId && turn.Current && depths.Contains(turn.Depth)).ToDictionaryAsync(turn => turn.Depth, turn => turn.Chain, cancellation);
        return
        [
            .. rows.Where(row => chains.GetValueOrDefault(row.Depth) == row.Chain)
                .GroupBy(row => row.Depth).Select(alike => alike.MaxBy(row => row.Number)!).OrderBy(row => row.Depth),
        ];
    }
}
