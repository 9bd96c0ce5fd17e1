using Comox.Memory.Ingestion;
using Comox.Memory.Storage;
using Microsoft.EntityFrameworkCore;

namespace Comox.Memory.Recall;

/// <summary>
/// The recall indexes in memory, one for each person and character, built from the database when first asked for and brought up to date before each use.
/// Bounded: the least used goes first, and is built again when it is needed.
/// </summary>
internal sealed class RecallIndexes(MemoryOptions options, TimeProvider time)
{
    private readonly Dictionary<(string Subject, string Character), Entry> _entries = [];
    private long _clock;

    /// <summary>What the person told the character, as the database has it. The caller holds the conversation's lock while it uses the answer.</summary>
    public async Task<RecallIndex> OpenAsync(MemoryDb db, string subject, string characterId, CancellationToken cancellation)
    {
        var entry = Entered(subject, characterId);
        await SyncAsync(db, entry, subject, characterId, cancellation);
        Trim();
        return new RecallIndex(entry.Segments);
    }

    /// <summary>Drops everything about a character.</summary>
    public void Forget(string characterId)
    {
        lock (_entries)
        {
            foreach (var key in _entries.Keys.Where(key => key.Character == characterId).ToList())
                _entries.Remove(key);
        }
    }

    private async Task SyncAsync(MemoryDb db, Entry entry, string subject, string characterId, CancellationToken cancellation)
    {
        // The versions alone tell what moved: a clock may be set back, and those of two replicas differ.
        var sessions = await db.Sessions.AsNoTracking()
            .Where(session => session.Subject == subject && session.CharacterId == characterId)
            .Select(session => new { session.Id, session.Version, session.Reshaped })
            .ToListAsync(cancellation);
        var character = "";
        foreach (var session in sessions)
        {
            if (entry.Segments.TryGetValue(session.Id, out var segment) && segment.Version == session.Version)
                continue;
            if (character.Length == 0)
                character = await db.Characters.Where(row => row.Id == characterId).Select(row => row.Name).FirstOrDefaultAsync(cancellation) ?? "";
            entry.Segments[session.Id] = await LoadAsync(db, session.Id, session.Version, segment?.Version >= session.Reshaped ? segment : null, subject, character, cancellation);
        }

        foreach (var gone in entry.Segments.Keys.Except(sessions.Select(session => session.Id), StringComparer.Ordinal).ToList())
            entry.Segments.Remove(gone);
        entry.Turns = entry.Segments.Values.Sum(segment => segment.Turns.Count);
    }

    private async Task<RecallSegment> LoadAsync(
        MemoryDb db, string sessionId, int version, RecallSegment? known, string subject, string character, CancellationToken cancellation)
    {
        // The common case is a turn or two more at the end: then the last known turn is still where it was.
        var depth = known?.Turns.Count ?? 0;
        var rows = await db.Turns.AsNoTracking().Where(turn => turn.SessionId == sessionId && turn.Current && turn.Depth >= depth).OrderBy(turn => turn.Depth).ToListAsync(cancellation);
        if (known is null || depth == 0 || rows.Count == 0 || rows[0].Id != known.Turns[^1].Id)
        {
            if (depth > 0)
                rows = await db.Turns.AsNoTracking().Where(turn => turn.SessionId == sessionId && turn.Current).OrderBy(turn => turn.Depth).ToListAsync(cancellation);
            known = new RecallSegment(time.LocalTimeZone);
        }
        else
        {
            rows.RemoveAt(0);
        }

        var first = known.Turns.Count;
        var facts = (await db.Facts.AsNoTracking()
            .Where(fact => fact.SessionId == sessionId)
            .Join(db.Turns.Where(turn => turn.Current && turn.Depth > first), fact => fact.TurnId, turn => turn.Id, (fact, turn) => new { fact, turn.Depth })
            .ToListAsync(cancellation)).ToLookup(told => told.fact.TurnId, told => ToldFact.From(told.fact, told.Depth));
        foreach (var row in rows)
            known.Add(RecallTurn.From(row), row.Role == Sessions.Utterance.User ? subject : character, facts[row.Id]);
        known.Version = version;
        return known;
    }

    private Entry Entered(string subject, string characterId)
    {
        lock (_entries)
        {
            if (!_entries.TryGetValue((subject, characterId), out var entry))
                _entries[(subject, characterId)] = entry = new Entry();
            entry.LastUsed = ++_clock;
            return entry;
        }
    }

    private void Trim()
    {
        lock (_entries)
        {
            var turns = _entries.Values.Sum(entry => entry.Turns);
            foreach (var (key, entry) in _entries.OrderBy(pair => pair.Value.LastUsed).SkipLast(1).ToList())
            {
                if (turns <= options.MaxIndexedTurns)
                    return;
                _entries.Remove(key);
                turns -= entry.Turns;
            }
        }
    }

    private sealed class Entry
    {
        public readonly Dictionary<string, RecallSegment> Segments = new(StringComparer.Ordinal);
        public long LastUsed;
        public int Turns;
    }
}
