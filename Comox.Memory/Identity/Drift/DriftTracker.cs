using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Comox.Memory.Sessions;
using Comox.Memory.Storage;
using Comox.Memory.SuperPrompt;

namespace Comox.Memory.Identity.Drift;

/// <summary>One turn of a line as drift reads it.</summary>
/// <param name="Id">Its id.</param>
/// <param name="IsUser">Whether the person said it.</param>
/// <param name="Content">What was said.</param>
/// <param name="Chain">Digest of the whole path from the root to here; two equal ones are the same line.</param>
internal readonly record struct TrackedTurn(string Id, bool IsUser, string Content, string Chain)
{
    public static TrackedTurn From(TurnRow row) => new(row.Id, row.Role == Utterance.User, row.Content, row.Chain);
}

/// <summary>
/// The drift of lines, each state remembered under the digest of its line: going on with a conversation scores its newest reply alone. What is forgotten is
/// folded again, to the same.
/// </summary>
internal sealed class DriftTracker
{
    public const string Meter = "Comox.Memory.Identity";
    private const int MostRemembered = 2_000;

    private readonly DriftOptions _options;
    private readonly DriftWindow _window;
    private readonly ILogger<DriftTracker> _log;
    private readonly Counter<long> _drifted;
    private readonly ConcurrentDictionary<(string Character, int Version), (IdentityCore Core, DriftScorer Scorer)> _scorers = new();
    private Generations _states = new(new(), new());

    public DriftTracker(MemoryOptions options, IMeterFactory meters, ILogger<DriftTracker> log)
    {
        (_options, _window, _log) = (options.Drift, new DriftWindow(options.Drift), log);
        _drifted = meters.Create(Meter).CreateCounter<long>("comox.memory.identity.drifted", "{event}", "Windows of replies that have drifted from their character.");
    }

    /// <summary>The state of a line, oldest turn first, and the event where its last turn is the reply that made it drift.</summary>
    /// <param name="character">Whose line it is.</param>
    /// <param name="line">The whole current line. Turns after the last reply are not looked at.</param>
    /// <param name="userNames">What the person is called. Once another name is known, the line is read anew.</param>
    public (DriftState State, IdentityDrifted? Raised) Read(Character character, IReadOnlyList<TrackedTurn> line, IReadOnlyList<string> userNames)
    {
        if (!_options.Enabled)
            return (DriftState.Start, null);

        var (core, scorer) = Of(character);
        var scope = $"{character.Id} {core.Version} {string.Join('|', userNames)} ";
        var (start, known) = (line.Count, (Known?)null);
        while (start > 0 && (known = Remembered(scope + line[start - 1].Chain)) is null)
            start--;

        var (state, raised) = (known?.State ?? DriftState.Start, start == line.Count ? known?.Raised : null);
        for (var at = start; at < line.Count; at++)
        {
            raised = null;
            if (line[at].IsUser)
                continue;
            var reply = new LineReply(line[at].Id, line[at].Content, at > 0 && line[at - 1].IsUser ? line[at - 1].Content : "");
            (state, raised) = _window.Add(state, reply, scorer.Score(new ReplyToScore(reply.Reply, reply.Message, userNames, state.Accepted)), core.Version);
            Remember(scope + line[at].Chain, new Known(state, raised));
        }

        return (state, raised);
    }

    /// <summary>The reminder for the next prompt of a line, or null while the character is itself.</summary>
    public string? Reanchor(Character character, DriftState state, string user) =>
        state.Drifted ? Reanchoring.Text(Of(character).Core, state, user, _options.Decay) : null;

    /// <summary>The reminder for the next prompt of a stored line, or null while the character is itself.</summary>
    public string? ReminderFor(Character character, IReadOnlyList<TurnRow> line, UserName user) =>
        Reanchor(character, Read(character, [.. line.Select(TrackedTurn.From)], user.Called).State, user.Spoken);

    /// <summary>Counts and logs an event that has been stored.</summary>
    public void Tell(IdentityDrifted drifted, string session, Character character)
    {
        _drifted.Add(1, new KeyValuePair<string, object?>("comox.component", drifted.Leading));
        DriftLog.Drifted(_log, session, character.Slug, drifted.IdentityVersion, drifted.Turn, drifted.Level, drifted.Threshold, drifted.Leading);
    }

    public IdentityCore Core(Character character) => Of(character).Core;

    /// <summary>Drops what is kept in memory of a deleted character.</summary>
    public void Forget(string characterId)
    {
        foreach (var key in _scorers.Keys.Where(key => key.Character == characterId))
            _scorers.TryRemove(key, out _);
        _states = new(new(), new());
    }

    private (IdentityCore Core, DriftScorer Scorer) Of(Character character) =>
        _scorers.GetOrAdd((character.Id, character.Row.IdentityVersion), static (key, character) =>
        {
            var core = IdentityCore.Of(character.Card, key.Version);
            return (core, new DriftScorer(core));
        }, character);

    // Two generations instead of an order of use: what was needed since the last change of generations survives the next.
    private Known? Remembered(string key) => _states.Now.GetValueOrDefault(key) ?? _states.Before.GetValueOrDefault(key);

    private void Remember(string key, Known known)
    {
        if (_states.Now.Count >= MostRemembered)
            _states = new(new(), _states.Now);
        _states.Now[key] = known;
    }

    private sealed record Known(DriftState State, IdentityDrifted? Raised);

    private sealed record Generations(ConcurrentDictionary<string, Known> Now, ConcurrentDictionary<string, Known> Before);
}
