using System.Text.Json;
using Comox.Memory.Storage;

namespace Comox.Memory.ShortTerm;

/// <summary>
/// Which guests were there for which turns of a session's line. A scene tells of what is said after the turn with which it begins: that turn had been said when
/// it was set. Of two scenes for the same turn the one that was set later counts, as it does at the line's end.
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
        var changes = await SceneChanges.OfAsync(db, sessions, cancellation);
        return changes.Where(change => change.Present is not null).GroupBy(change => change.SessionId, StringComparer.Ordinal)
            .ToDictionary(group => group.Key, group => new Presence(group.Select(change => (change.After, Read(change.Present)))), StringComparer.Ordinal);
    }

    /// <summary>The list as a row has it.</summary>
    public static IReadOnlyList<string> Read(string? present) => present is null ? [] : JsonSerializer.Deserialize<List<string>>(present) ?? [];
}
