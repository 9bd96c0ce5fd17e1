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

    /// <summary>The same for a line that is not saved yet: the longest that one of these turns ends.</summary>
    public static async Task<SummaryRow?> OfPathAsync(MemoryDb db, string sessionId, IReadOnlyList<TurnRow> path, CancellationToken cancellation)
    {
        var summaries = await db.Summaries.AsNoTracking().Where(summary => summary.SessionId == sessionId).ToListAsync(cancellation);
        if (summaries.Count == 0)
            return null;
        var chains = path.ToDictionary(turn => turn.Depth, turn => turn.Chain);
        return summaries.Where(summary => chains.GetValueOrDefault(summary.Depth) == summary.Chain)
            .OrderByDescending(summary => summary.Depth).ThenByDescending(summary => summary.Number)
            .FirstOrDefault();
    }
}
