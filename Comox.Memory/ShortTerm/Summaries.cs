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

    /// <summary>Those that a prompt may have use for: what its window leaves out ends somewhere from <paramref name="earliest"/> on. In the order of their depths.</summary>
    /// <param name="db">The database.</param>
    /// <param name="sessionId">The session.</param>
    /// <param name="path">The line: all of its turns, or the newest of the stored one.</param>
    /// <param name="earliest">The smallest depth before which the window may begin. Without one from there on, it is the longest before.</param>
    /// <param name="cancellation">Ends the wait.</param>
    public static async Task<IReadOnlyList<SummaryRow>> ForWindowAsync(MemoryDb db, string sessionId, IReadOnlyList<TurnRow> path, int earliest, CancellationToken cancellation)
    {
        if (path.Count == 0)
            return [];
        var first = path[0].Depth;
        var chains = path.ToDictionary(turn => turn.Depth, turn => turn.Chain);
        // The words are read last, and only of what is used: a long conversation has hundreds of summaries.
        var holding = (await db.Summaries.AsNoTracking().Where(summary => summary.SessionId == sessionId && summary.Depth >= first)
            .Select(summary => new { summary.Id, summary.Depth, summary.Chain, summary.Number }).ToListAsync(cancellation))
            .Where(summary => chains.GetValueOrDefault(summary.Depth) == summary.Chain)
            .GroupBy(summary => summary.Depth).Select(alike => alike.MaxBy(summary => summary.Number)!).OrderBy(summary => summary.Depth).ToList();
        if (holding.Count == 0)
            return first > 1 && await OfLineAsync(db, sessionId, cancellation) is { } longest ? [longest] : [];
        var used = holding.Where(summary => summary.Depth >= earliest).DefaultIfEmpty(holding[^1]).Select(summary => summary.Id).ToList();
        return await db.Summaries.AsNoTracking().Where(summary => used.Contains(summary.Id)).OrderBy(summary => summary.Depth).ToListAsync(cancellation);
    }
}
