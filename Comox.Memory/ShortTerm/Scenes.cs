using Comox.Memory.Sessions;
using Comox.Memory.Storage;
using Microsoft.EntityFrameworkCore;

namespace Comox.Memory.ShortTerm;

/// <summary>Place, time and who is there. <c>Present</c>: ids of the characters; empty: the session's own alone.</summary>
internal sealed record Scene(string? Place, string? Time, IReadOnlyList<string> Present)
{
    /// <summary>Ids of the turns after which place and time became what they are; null where that was before the first.</summary>
    public (string? Place, string? Time) Since { get; init; }

    public bool IsEmpty => Place is null && Time is null && Present.Count == 0;
}

/// <summary>The scene at the end of a line: every change that holds on it, one over the other.</summary>
internal static class Scenes
{
    /// <param name="db">The database.</param>
    /// <param name="sessionId">The session.</param>
    /// <param name="path">The turns of the line from its first on, where it is not the stored one.</param>
    /// <param name="cancellation">Ends the wait.</param>
    public static async Task<Scene> OfAsync(MemoryDb db, string sessionId, IReadOnlyList<TurnRow>? path, CancellationToken cancellation)
    {
        var end = path is not null
            ? path.LastOrDefault()
            : await db.Sessions.AsNoTracking().Where(row => row.Id == sessionId).Join(db.Turns, row => row.HeadId, turn => turn.Id, (row, turn) => turn).FirstOrDefaultAsync(cancellation);
        var scene = new Scene(null, null, await Presence.AfterAsync(db, sessionId, end, cancellation));
        return (path is null ? await SceneChanges.OfAsync(db, [sessionId], cancellation) : await SceneChanges.OnAsync(db, sessionId, path, cancellation))
            .Aggregate(scene, (now, change) => now with
            {
                Place = Changed(now.Place, change.Place), Time = Changed(now.Time, change.Time),
                Since = (change.Place is null ? now.Since.Place : change.TurnId, change.Time is null ? now.Since.Time : change.TurnId),
            });
    }

    /// <summary>
    /// What the person made of the scene since the last reply holds for another reply in its place, too: a guest who was sent out has not come back. To be appended before that one is said. Null
    /// where nothing was made of it, or where more than one reply follows the message: then it goes back to the scene of that time.
    /// </summary>
    public static async Task<SceneChanged?> SinceReplyAsync(MemoryDb db, SessionRow session, TurnRow message, CancellationToken cancellation)
    {
        if (session.HeadId is not { } head || await db.Turns.FirstOrDefaultAsync(turn => turn.Id == head, cancellation) is not { } reply || reply.ParentId != message.Id)
            return null;
        var changes = await Tracked.Async(db.Scenes, row => row.SessionId == session.Id && (row.TurnId == head || row.TurnId == message.Id), cancellation);
        var since = changes.Where(row => row.TurnId == head).OrderBy(row => row.Number).ToList();
        return since.Count == 0 || changes.MaxBy(row => row.Number)!.TurnId == message.Id
            ? null
            : Joined(since, message.Id);
    }

    /// <summary>What was made of the scene after one turn, as made after another; null where nothing was.</summary>
    public static async Task<SceneChanged?> CopyAsync(MemoryDb db, string sessionId, string from, string to, CancellationToken cancellation)
    {
        var changes = await Tracked.Async(db.Scenes, row => row.SessionId == sessionId && row.TurnId == from, cancellation);
        return changes.Count == 0 ? null : Joined(changes.OrderBy(row => row.Number), to);
    }

    private static SceneChanged Joined(IEnumerable<SceneRow> changes, string turn) => changes.Aggregate(new SceneChanged(turn, null, null, null), (scene, row) => scene with
    {
        Place = row.Place ?? scene.Place, Time = row.Time ?? scene.Time, Present = row.Present is null ? scene.Present : Presence.Read(row.Present),
    });

    // Null leaves it; an empty text takes it away.
    private static string? Changed(string? before, string? now) => now is null ? before : now.Length == 0 ? null : now;
}
