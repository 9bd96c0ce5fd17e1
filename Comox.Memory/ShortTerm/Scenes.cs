using Comox.Memory.Storage;

namespace Comox.Memory.ShortTerm;

/// <summary>Place, time and who is there. <c>Present</c>: ids of the characters; empty: the session's own alone.</summary>
internal sealed record Scene(string? Place, string? Time, IReadOnlyList<string> Present)
{
    public static Scene Empty { get; } = new(null, null, []);

    public bool IsEmpty => Place is null && Time is null && Present.Count == 0;
}

/// <summary>The scene at the end of a line: every change that holds on it, one over the other.</summary>
internal static class Scenes
{
    /// <param name="db">The database.</param>
    /// <param name="sessionId">The session.</param>
    /// <param name="path">The turns of the line from its first on, where it is not the stored one.</param>
    /// <param name="cancellation">Ends the wait.</param>
    public static async Task<Scene> OfAsync(MemoryDb db, string sessionId, IReadOnlyList<TurnRow>? path, CancellationToken cancellation) =>
        (path is null ? await SceneChanges.OfAsync(db, [sessionId], cancellation) : await SceneChanges.OnAsync(db, sessionId, path, cancellation))
            .Aggregate(Scene.Empty, (scene, change) => new Scene(
                Changed(scene.Place, change.Place), Changed(scene.Time, change.Time), change.Present is null ? scene.Present : Presence.Read(change.Present)));

    // Null leaves it; an empty text takes it away.
    private static string? Changed(string? before, string? now) => now is null ? before : now.Length == 0 ? null : now;
}
