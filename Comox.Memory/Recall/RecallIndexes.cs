using Comox.Memory.Ingestion;
using Comox.Memory.Storage;
using Microsoft.EntityFrameworkCore;

namespace Comox.Memory.Recall;

/// <summary>
/// The recall indexes in memory, one for each person and character, built from the database when first asked for and brought up to date before each use.
/// Bounded: the least used goes first, and is built again when it is needed.
/// </summary>
internal sealed class RecallIndexes(MemoryOptions options)
{
    private readonly Dictionary<(string Subject, string Character), Entry> _entries = [];
    private long _clock;

    /// <summary>What the person told the character, as the database has it. The caller holds the conversation's lock while it uses the answer.</summary>
    public async Task<RecallIndex> OpenAsync(MemoryDb db, string subject, string characterId, CancellationToken cancellation)
    {
        var entry = Entered(subject, characterId);
        await SyncAsync(db, entry, subject, characterId, cancellation);
        Trim();
        return entry.Index;
    }

    /// <summary>
    /// Makes a line the session's in the index before it is in the database. The caller holds the conversation's lock; whatever becomes of the line,
    /// the index is compared with the database when it is opened again.
    /// </summary>
    public void Anticipate(string subject, string characterId, string sessionId, IReadOnlyList<(RecallTurn Turn, IReadOnlyList<ToldFact> Facts)> line)
    {
        var entry = Entered(subject, characterId);
        entry.Index.Replace(sessionId, line);
        entry.Versions.Remove(sessionId);
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

    /// <summary>Drops everything about a person.</summary>
    public void ForgetPerson(string subject)
    {
        lock (_entries)
        {
            foreach (var key in _entries.Keys.Where(key => key.Subject == subject).ToList())
                _entries.Remove(key);
        }
    }

    private static async Task SyncAsync(MemoryDb db, Entry entry, string subject, string characterId, CancellationToken cancellation)
    {
        // The versions alone tell what moved: a clock may be set back, and those of two replicas differ.
        var sessions = await db.Sessions.AsNoTracking()
            .Where(session => session.Subject == subject && session.CharacterId == characterId)
            .Select(session => new { session.Id, session.Version, session.Reshaped })
            .ToListAsync(cancellation);
        var character = "";
        foreach (var session in sessions)
        {
            if (entry.Versions.TryGetValue(session.Id, out var version) && version == session.Version)
                continue;
            if (character.Length == 0)
                character = await db.Characters.Where(row => row.Id == characterId).Select(row => row.Name).FirstOrDefaultAsync(cancellation) ?? "";
            // Something before the end has changed: what is known of the line counts for nothing.
            if (entry.Versions.GetValueOrDefault(session.Id) < session.Reshaped)
                entry.Index.Remove(session.Id);
            await LoadAsync(db, entry.Index, session.Id, row => row.Role == Comox.Memory.Sessions.Utterance.User ? subject : character, cancellation);
            entry.Versions[session.Id] = session.Version;
        }

        foreach (var gone in entry.Index.Sessions.Except(sessions.Select(session => session.Id), StringComparer.Ordinal).ToList())
        {
            entry.Index.Remove(gone);
            entry.Versions.Remove(gone);
        }
    }

    private static async Task LoadAsync(MemoryDb db, RecallIndex index, string sessionId, Func<TurnRow, string> speaker, CancellationToken cancellation)
    {
        // The common case is a turn or two more at the end: then the last known turn is still where it was.
        var depth = index.LengthOf(sessionId);
        var rows = await db.Turns.AsNoTracking().Where(turn => turn.SessionId == sessionId && turn.Current && turn.Depth >= depth).OrderBy(turn => turn.Depth).ToListAsync(cancellation);
        if (depth > 0 && rows.Count > 0 && rows[0].Id == index.LastOf(sessionId))
        {
            rows.RemoveAt(0);
        }
        else if (depth > 0)
        {
            depth = 0;
            rows = await db.Turns.AsNoTracking().Where(turn => turn.SessionId == sessionId && turn.Current).OrderBy(turn => turn.Depth).ToListAsync(cancellation);
        }

        var facts = (await db.Facts.AsNoTracking()
            .Where(fact => fact.SessionId == sessionId)
            .Join(db.Turns.Where(turn => turn.Current && turn.Depth > depth), fact => fact.TurnId, turn => turn.Id, (fact, turn) => new { fact, turn.Depth })
            .OrderBy(told => told.fact.Id)
            .ToListAsync(cancellation)).ToLookup(told => told.fact.TurnId, told => ToldFact.From(told.fact, told.Depth));
        var line = rows.Select(row => (RecallTurn.From(row, speaker(row)), (IReadOnlyList<ToldFact>)[.. facts[row.Id]])).ToList();
        if (depth == 0)
        {
            index.Replace(sessionId, line);
            return;
        }

        foreach (var (turn, told) in line)
            index.Append(turn, told);
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
            var turns = _entries.Values.Sum(entry => entry.Index.TurnCount);
            if (turns <= options.MaxIndexedTurns)
                return;
            foreach (var (key, entry) in _entries.OrderBy(pair => pair.Value.LastUsed).SkipLast(1).ToList())
            {
                if (turns <= options.MaxIndexedTurns)
                    return;
                _entries.Remove(key);
                turns -= entry.Index.TurnCount;
            }
        }
    }

    private sealed class Entry
    {
        public readonly RecallIndex Index = new();
        public readonly Dictionary<string, int> Versions = new(StringComparer.Ordinal);
        public long LastUsed;
    }
}
