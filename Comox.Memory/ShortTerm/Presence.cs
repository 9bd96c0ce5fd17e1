using System.Text.Json;
using Comox.Memory.Storage;
using Microsoft.EntityFrameworkCore;

namespace Comox.Memory.ShortTerm;

/// <summary>
/// Which guests were there for which turns of a session's line. A turn has it noted since it was said, so that nothing that becomes of other turns changes it. Of turns from
/// before that was noted the scenes tell: each of what is said after the turn with which it begins, and of two for the same turn the one that was set later.
/// </summary>
internal sealed class Presence
{
    // By depth, each up to the next.
    private readonly List<(int After, IReadOnlyList<string> Present)> _changes = [];

    /// <param name="changes">In the order in which they were set: the depth of the turn with which each begins, 0 for the session's opening, and who is there.</param>
    public Presence(IEnumerable<(int After, IReadOnlyList<string> Present)> changes)
    {
        foreach (var change in changes)
        {
            // Set later, and it tells of all that follows.
            while (_changes.Count > 0 && _changes[^1].After >= change.After)
                _changes.RemoveAt(_changes.Count - 1);
            _changes.Add(change);
        }
    }

    /// <summary>Ids of the guests that perceived the turn at this depth.</summary>
    public IReadOnlyList<string> At(int depth)
    {
        var at = _changes.FindLastIndex(change => change.After < depth);
        return at < 0 ? [] : _changes[at].Present;
    }

    /// <summary>From which depth to which a guest was there, both included; the last may have no end yet.</summary>
    public IEnumerable<(int First, int Last)> StretchesOf(string character)
    {
        for (var at = 0; at < _changes.Count; at++)
        {
            if (!_changes[at].Present.Contains(character, StringComparer.Ordinal))
                continue;
            var first = _changes[at].After + 1;
            while (at + 1 < _changes.Count && _changes[at + 1].Present.Contains(character, StringComparer.Ordinal))
                at++;
            yield return (first, at + 1 < _changes.Count ? _changes[at + 1].After : int.MaxValue);
        }
    }

    /// <summary>On the session's current line.</summary>
    public static async Task<Presence> OfAsync(MemoryDb db, string sessionId, CancellationToken cancellation) =>
        (await OfAsync(db, [sessionId], cancellation)).GetValueOrDefault(sessionId) ?? new Presence([]);

    /// <summary>On the current lines of sessions, by session; those without a scene that says who is there are not among them.</summary>
    public static async Task<IReadOnlyDictionary<string, Presence>> OfAsync(MemoryDb db, IReadOnlyCollection<string> sessions, CancellationToken cancellation)
    {
        var scenes = (await SceneChanges.OfAsync(db, sessions, cancellation)).Where(change => change.Present is not null).Select(change => (change.SessionId, change.After, change.Present));
        var noted = await db.Turns.AsNoTracking()
            .Where(turn => sessions.Contains(turn.SessionId) && turn.Current && turn.Heard != null
                && !db.Turns.Any(before => before.Id == turn.ParentId && before.Heard == turn.Heard))
            .OrderBy(turn => turn.Depth).Select(turn => new { turn.SessionId, turn.Depth, turn.Heard }).ToListAsync(cancellation);
        return scenes.Concat(noted.Select(turn => (turn.SessionId, After: turn.Depth - 1, Present: turn.Heard))).GroupBy(change => change.SessionId, StringComparer.Ordinal)
            .ToDictionary(group => group.Key, group => new Presence(group.Select(change => (change.After, Read(change.Present)))), StringComparer.Ordinal);
    }

    /// <summary>Who is there for what is said next.</summary>
    /// <param name="db">The database.</param>
    /// <param name="sessionId">The session.</param>
    /// <param name="turn">After this turn; null: at the session's opening.</param>
    /// <param name="cancellation">Ends the wait.</param>
    public static async Task<IReadOnlyList<string>> AfterAsync(MemoryDb db, string sessionId, TurnRow? turn, CancellationToken cancellation)
    {
        // What was said after the turn, further down, was said in the scenes of its time.
        for (var until = int.MaxValue; ;)
        {
            var id = turn?.Id;
            var scenes = await Tracked.Async(db.Scenes, row => row.SessionId == sessionId && row.TurnId == id && row.Present != null && row.Number < until, cancellation);
            if (scenes.MaxBy(row => row.Number) is { } newest)
                return Read(newest.Present);
            if (turn is null || turn.Heard is not null)
                return Read(turn?.Heard);
            // From before it was noted. Where the session has no scene, nobody was ever there.
            if (!await db.Scenes.AnyAsync(row => row.SessionId == sessionId && row.Present != null, cancellation))
                return [];
            (until, turn) = (turn.Number, turn.ParentId is null ? null : await db.Turns.FindAsync([turn.ParentId], cancellation));
        }
    }

    /// <summary>The list as a row has it.</summary>
    public static IReadOnlyList<string> Read(string? present) => present is null ? [] : JsonSerializer.Deserialize<List<string>>(present) ?? [];
}
