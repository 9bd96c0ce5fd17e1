using Comox.Memory.Ingestion;
using Comox.Memory.Sessions;
using Comox.Memory.ShortTerm;
using Comox.Memory.Storage;
using Microsoft.EntityFrameworkCore;

namespace Comox.Memory.Recall;

/// <summary>
/// Keeps one recall index, of a person and a character, as the database is, and reads no more for it than what changed:
/// <list type="number">
/// <item>the sessions of the two, and those of the person with others in which the character was ever a guest: each found by an index of the database;</item>
/// <item>which of them have another version than the one that was read; it alone tells, for a clock may be set back, and those of two replicas differ;</item>
/// <item>of these, one whose line changed before its end is read as a whole;</item>
/// <item>of the others, the turns that came at the end, and the facts of the turns that an event since then names as read anew or forgotten.</item>
/// </list>
/// Of another's session only those turns are ever read for which the scenes on its line say that the character was present: what it did not hear is not in its
/// index, so that no search, statistic or fact can come from it. A scene tells only of what is said after it, and goes with a change of the line alone: what was
/// read before it stands. What a fact ends is not read either: the index folds the facts of all its sessions, so that
/// one which goes gives back what it had ended in another.
/// </summary>
internal sealed class IndexSync(RecallIndex index)
{
    private const int Attempts = 3;

    // Of more turns than this their facts are read with all of the session.
    private const int FewTurns = 64;

    private static readonly (int, int)[] Always = [(1, int.MaxValue)];

    private readonly Dictionary<string, Known> _known = new(StringComparer.Ordinal);

    /// <summary>The session is read as a whole next time, whatever its version.</summary>
    public void Doubt(string sessionId) => _known.Remove(sessionId);

    /// <summary>The caller holds the lock of the two; nobody's lock is held for the sessions of others.</summary>
    public async Task RunAsync(MemoryDb db, string subject, string characterId, CancellationToken cancellation)
    {
        var own = db.Sessions.AsNoTracking().Where(session => session.Subject == subject && session.CharacterId == characterId);
        var witnessed = db.Witnesses.Where(row => row.Subject == subject && row.CharacterId == characterId).Join(db.Sessions.AsNoTracking(), row => row.SessionId, session => session.Id, (row, session) => session);
        var sessions = await StatesAsync(own.Concat(witnessed), cancellation);
        var moved = sessions.Where(session => !_known.TryGetValue(session.Id, out var known) || known.Version != session.Version).ToList();
        if (moved.Count > 0)
        {
            var owners = moved.Select(session => session.CharacterId).Distinct().ToList();
            var hosts = await db.Characters.Where(row => owners.Contains(row.Id)).ToDictionaryAsync(row => row.Id, row => new Host(row.Slug, row.Name), StringComparer.Ordinal, cancellation);
            foreach (var session in moved)
            {
                var speakers = new Said(subject, hosts.GetValueOrDefault(session.CharacterId) ?? new Host("", ""), IsGuest: session.CharacterId != characterId);
                if (speakers.IsGuest)
                    await WitnessAsync(db, session, characterId, speakers, cancellation);
                else
                    await ReadAsync(db, session, Always, speakers, cancellation);
            }
        }

        foreach (var gone in index.Sessions.Union(_known.Keys, StringComparer.Ordinal).Except(sessions.Select(session => session.Id), StringComparer.Ordinal).ToList())
            Drop(gone);
    }

    /// <summary>
    /// What a guest heard. Somebody may write to the session between the reading of its scenes and of its turns, and what was said after the guest had left would
    /// count as heard: what was read stands only when the session's version is still the same after it.
    /// </summary>
    private async Task WitnessAsync(MemoryDb db, State session, string characterId, Said speakers, CancellationToken cancellation)
    {
        try
        {
            for (var attempt = 0; attempt < Attempts; attempt++)
            {
                var presence = await Presence.OfAsync(db, session.Id, cancellation);
                await ReadAsync(db, session, [.. presence.StretchesOf(characterId)], speakers, cancellation);
                var now = await StatesAsync(db.Sessions.AsNoTracking().Where(row => row.Id == session.Id), cancellation);
                if (now.Count == 1 && now[0].Version == session.Version)
                    return;
                Drop(session.Id);
                if (now.Count == 0)
                    return;
                session = now[0];
            }
        }
        catch
        {
            // Read and not compared.
            Drop(session.Id);
            throw;
        }
    }

    /// <param name="db">The database.</param>
    /// <param name="session">As it was before anything else of it was read.</param>
    /// <param name="stretches">The depths that were perceived, first to last.</param>
    /// <param name="speakers">Who says what.</param>
    /// <param name="cancellation">Ends the wait.</param>
    private async Task ReadAsync(MemoryDb db, State session, IReadOnlyList<(int First, int Last)> stretches, Said speakers, CancellationToken cancellation)
    {
        // What is known of a line that changed counts for nothing.
        var isKnown = _known.TryGetValue(session.Id, out var known);
        if (!isKnown || known.Version < session.Reshaped)
        {
            Drop(session.Id);
            known = default;
        }
        else
        {
            await RetellAsync(db, session.Id, known.Version, cancellation);
        }

        foreach (var (first, last) in stretches)
        {
            var (from, to) = (Math.Max(first, known.Length + 1), Math.Min(last, session.TurnCount));
            if (from <= to)
                await AppendAsync(db, session.Id, from, to, speakers, cancellation);
        }

        _known[session.Id] = new Known(session.Version, session.TurnCount);
    }

    /// <summary>A model reads facts late, and they are forgotten later still: a turn somewhere before the end gets others, and nothing else is read.</summary>
    private async Task RetellAsync(MemoryDb db, string sessionId, int version, CancellationToken cancellation)
    {
        var named = await db.Events.AsNoTracking()
            .Where(row => row.SessionId == sessionId && row.Number > version && row.TurnId != null && row.Body.StartsWith(SessionLog.OfFacts))
            .Select(row => row.TurnId!).Distinct().ToListAsync(cancellation);
        var retold = named.Where(turn => index.Has(sessionId, turn)).ToList();
        if (retold.Count == 0)
            return;
        var facts = (await db.Facts.AsNoTracking().Where(fact => retold.Contains(fact.TurnId)).Join(db.Turns, fact => fact.TurnId, turn => turn.Id, (fact, turn) => new { fact, turn.Depth })
            .OrderBy(told => told.fact.Id).ToListAsync(cancellation)).ToLookup(told => told.fact.TurnId, told => ToldFact.From(told.fact, told.Depth));
        foreach (var turn in retold)
            index.Retell(sessionId, turn, [.. facts[turn]]);
    }

    private async Task AppendAsync(MemoryDb db, string sessionId, int from, int to, Said speakers, CancellationToken cancellation)
    {
        var rows = await db.Turns.AsNoTracking().Where(turn => turn.SessionId == sessionId && turn.Current && turn.Depth >= from && turn.Depth <= to)
            .OrderBy(turn => turn.Depth).ToListAsync(cancellation);
        if (rows.Count == 0)
            return;
        var ids = rows.Select(turn => turn.Id).ToList();
        var told = rows.Count > FewTurns ? db.Facts.Where(fact => fact.SessionId == sessionId) : db.Facts.Where(fact => ids.Contains(fact.TurnId));
        var facts = (await told.AsNoTracking().OrderBy(fact => fact.Id).ToListAsync(cancellation)).ToLookup(fact => fact.TurnId, StringComparer.Ordinal);
        foreach (var row in rows)
        {
            var turn = RecallTurn.From(row, row.Role == Utterance.User ? speakers.Person : speakers.Character.Name) with { Host = speakers.IsGuest ? speakers.Character : null };
            index.Append(turn, facts[row.Id].Select(fact => ToldFact.From(fact, row.Depth)));
        }
    }

    private void Drop(string sessionId)
    {
        index.Remove(sessionId);
        _known.Remove(sessionId);
    }

    private static async Task<List<State>> StatesAsync(IQueryable<SessionRow> sessions, CancellationToken cancellation) =>
        [
            .. (await sessions.Select(row => new { row.Id, row.CharacterId, row.Version, row.Reshaped, row.TurnCount }).ToListAsync(cancellation))
                .Select(row => new State(row.Id, row.CharacterId, row.Version, row.Reshaped, row.TurnCount)),
        ];

    /// <summary>How far a session has been read: its version, and the length that its line had then.</summary>
    private readonly record struct Known(int Version, int Length);

    private sealed record State(string Id, string CharacterId, int Version, int Reshaped, int TurnCount);

    /// <summary>Who speaks in a session, and whether the character that recalls was a guest in it.</summary>
    private sealed record Said(string Person, Host Character, bool IsGuest);
}
