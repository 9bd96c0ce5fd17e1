using Comox.Memory.Storage;
using Microsoft.EntityFrameworkCore;

namespace Comox.Memory.ShortTerm;

/// <summary>A change of the scene that holds on a line: after the turn at this depth; 0, and no turn, for the session's opening.</summary>
internal sealed record SceneChangeOnLine(string SessionId, int Number, int After, string? TurnId, string? Place, string? Time, string? Present);

/// <summary>
/// Which changes hold on a line: those whose turn is on it, and after whose turn nothing was said before they were made. One that was made where the line ended then tells
/// of what was said there since, and not of another continuation that is older: that was said in the scene of its own time. (Who heard a turn is noted with the turn: <see cref="Presence"/>.)
/// </summary>
internal static class SceneChanges
{
    /// <summary>On the current lines of sessions, in the order in which they were made.</summary>
    public static async Task<IReadOnlyList<SceneChangeOnLine>> OfAsync(MemoryDb db, IReadOnlyCollection<string> sessions, CancellationToken cancellation)
    {
        var scenes = db.Scenes.Where(row => sessions.Contains(row.SessionId));
        var openings = scenes
            .Where(row => row.TurnId == null && !db.Turns.Any(next => next.SessionId == row.SessionId && next.Depth == 1 && next.Current && next.Number < row.Number))
            .Select(row => new { row.SessionId, row.Number, row.TurnId, Depth = 0, row.Place, row.Time, row.Present });
        var others = scenes.Join(db.Turns.Where(turn => turn.Current), row => row.TurnId, turn => turn.Id, (row, turn) => new { row, turn })
            .Where(change => !db.Turns.Any(next => next.ParentId == change.turn.Id && next.Current && next.Number < change.row.Number))
            .Select(change => new { change.row.SessionId, change.row.Number, change.row.TurnId, change.turn.Depth, change.row.Place, change.row.Time, change.row.Present });
        var rows = await openings.Concat(others).ToListAsync(cancellation);
        return [.. rows.OrderBy(row => row.Number).Select(row => new SceneChangeOnLine(row.SessionId, row.Number, row.Depth, row.TurnId, row.Place, row.Time, row.Present))];
    }

    /// <summary>On a line that is not the stored one, with the changes that are not saved yet.</summary>
    /// <param name="db">The database.</param>
    /// <param name="sessionId">The session.</param>
    /// <param name="path">The turns of the line, from its first on.</param>
    /// <param name="cancellation">Ends the wait.</param>
    public static async Task<IReadOnlyList<SceneChangeOnLine>> OnAsync(MemoryDb db, string sessionId, IReadOnlyList<TurnRow> path, CancellationToken cancellation)
    {
        var depths = path.Select((turn, at) => (turn.Id, Depth: at + 1)).ToDictionary(turn => turn.Id, turn => turn.Depth, StringComparer.Ordinal);
        return
        [
            .. (await Tracked.Async(db.Scenes, row => row.SessionId == sessionId, cancellation)).Where(row => row.TurnId is null || depths.ContainsKey(row.TurnId))
                .Select(row => new SceneChangeOnLine(sessionId, row.Number, row.TurnId is null ? 0 : depths[row.TurnId], row.TurnId, row.Place, row.Time, row.Present))
                .Where(change => change.After >= path.Count || path[change.After].Number > change.Number).OrderBy(change => change.Number),
        ];
    }
}
