using Comox.Memory.Storage;
using Microsoft.EntityFrameworkCore;

namespace Comox.Memory.ShortTerm;

/// <summary>Place, time and who is there. <c>Present</c>: ids of the characters; empty: the session's own alone.</summary>
internal sealed record Scene(string? Place, string? Time, IReadOnlyList<string> Present)
{
    public static Scene Empty { get; } = new(null, null, []);

    public bool IsEmpty => Place is null && Time is null && Present.Count == 0;
}

/// <summary>The scene at the end of a line: every change whose turn is on it, one over the other.</summary>
internal static class Scenes
{
    /// <param name="db">The database.</param>
    /// <param name="sessionId">The session.</param>
    /// <param name="path">Ids of the turns of the line, where it is not the stored one.</param>
    /// <param name="cancellation">Ends the wait.</param>
    public static async Task<Scene> OfAsync(MemoryDb db, string sessionId, IReadOnlySet<string>? path, CancellationToken cancellation)
    {
        var rows = await db.Scenes.AsNoTracking().Where(row => row.SessionId == sessionId).OrderBy(row => row.Number).ToListAsync(cancellation);
        if (rows.Count == 0)
            return Scene.Empty;
        var turns = rows.Select(row => row.TurnId).OfType<string>().ToList();
        var depths = await db.Turns.AsNoTracking().Where(turn => turns.Contains(turn.Id) && turn.Current).ToDictionaryAsync(turn => turn.Id, turn => turn.Depth, cancellation);
        return rows.Where(row => row.TurnId is null || (path?.Contains(row.TurnId) ?? depths.ContainsKey(row.TurnId)))
            .Aggregate(Scene.Empty, (scene, row) => new Scene(
                Changed(scene.Place, row.Place), Changed(scene.Time, row.Time), row.Present is null ? scene.Present : Presence.Read(row.Present)));
    }

    // Null leaves it; an empty text takes it away.
    private static string? Changed(string? before, string? now) => now is null ? before : now.Length == 0 ? null : now;
}
