using Comox.Memory.Ingestion;
using Comox.Memory.Sessions;
using Comox.Memory.Storage;
using Microsoft.EntityFrameworkCore;

namespace Comox.Memory.Recall;

/// <summary>
/// Keeps one recall index as the database is, and reads no more for it than what changed:
/// <list type="number">
/// <item>which sessions have another version than the one that was read; it alone tells, for a clock may be set back, and those of two replicas differ;</item>
/// <item>of these, one whose line changed before its end is read as a whole;</item>
/// <item>of the others, the turns that came at the end, and the facts of the turns that an event since then names as read anew or forgotten.</item>
/// </list>
/// What a fact ends is not read at all: the index folds the facts of all its sessions, so that a fact which goes gives back what it had ended in another.
/// </summary>
internal sealed class IndexSync(RecallIndex index)
{
    private readonly Dictionary<string, Known> _known = new(StringComparer.Ordinal);

    /// <summary>The session is read as a whole next time, whatever its version.</summary>
    public void Doubt(string sessionId) => _known.Remove(sessionId);

    public async Task RunAsync(MemoryDb db, string subject, string characterId, CancellationToken cancellation)
    {
        // 1. What moved.
        var sessions = await db.Sessions.AsNoTracking()
            .Where(session => session.Subject == subject && session.CharacterId == characterId)
            .Select(session => new { session.Id, session.Version, session.Reshaped, session.TurnCount })
            .ToListAsync(cancellation);
        var character = "";
        foreach (var session in sessions)
        {
            var isKnown = _known.TryGetValue(session.Id, out var known);
            if (isKnown && known.Version == session.Version)
                continue;
            if (character.Length == 0)
                character = await db.Characters.Where(row => row.Id == characterId).Select(row => row.Name).FirstOrDefaultAsync(cancellation) ?? "";

            // 2. What is known of a line that changed counts for nothing.
            if (!isKnown || known.Version < session.Reshaped)
            {
                index.Remove(session.Id);
                _known.Remove(session.Id);
                known = default;
            }
            else
            {
                await RetellAsync(db, session.Id, known.Version, cancellation);
            }

            // 3. What came at its end.
            await AppendAsync(db, session.Id, known.Length, row => row.Role == Utterance.User ? subject : character, cancellation);
            _known[session.Id] = new Known(session.Version, session.TurnCount);
        }

        foreach (var gone in index.Sessions.Except(sessions.Select(session => session.Id), StringComparer.Ordinal).ToList())
            index.Remove(gone);
        foreach (var gone in _known.Keys.Except(sessions.Select(session => session.Id), StringComparer.Ordinal).ToList())
            _known.Remove(gone);
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
        var facts = await FactsAsync(db.Turns.Where(turn => retold.Contains(turn.Id)), db, cancellation);
        foreach (var turn in retold)
            index.Retell(sessionId, turn, [.. facts[turn]]);
    }

    private async Task AppendAsync(MemoryDb db, string sessionId, int length, Func<TurnRow, string> speaker, CancellationToken cancellation)
    {
        var added = db.Turns.AsNoTracking().Where(turn => turn.SessionId == sessionId && turn.Current && turn.Depth > length);
        var rows = await added.OrderBy(turn => turn.Depth).ToListAsync(cancellation);
        if (rows.Count == 0)
            return;
        var facts = await FactsAsync(added, db, cancellation);
        foreach (var row in rows)
            index.Append(RecallTurn.From(row, speaker(row)), facts[row.Id]);
    }

    private static async Task<ILookup<string, ToldFact>> FactsAsync(IQueryable<TurnRow> turns, MemoryDb db, CancellationToken cancellation) =>
        (await db.Facts.AsNoTracking().Join(turns, fact => fact.TurnId, turn => turn.Id, (fact, turn) => new { fact, turn.Depth }).OrderBy(told => told.fact.Id).ToListAsync(cancellation))
            .ToLookup(told => told.fact.TurnId, told => ToldFact.From(told.fact, told.Depth));

    /// <summary>How far a session has been read: its version, and the length that its line had then.</summary>
    private readonly record struct Known(int Version, int Length);
}
