using Comox.Memory.Ingestion;
using Comox.Memory.Storage;

namespace Comox.Memory.Recall;

/// <summary>
/// The recall indexes in memory, one for each person and character, built from the database when first asked for and brought up to date before each use.
/// Bounded: the least used goes first, and is built again when it is needed.
/// </summary>
internal sealed class RecallIndexes(MemoryOptions options)
{
    private readonly Dictionary<(string Subject, string Character), Entry> _entries = [];
    private long _clock;

    /// <summary>Turns that all of them hold together.</summary>
    public int TurnCount
    {
        get
        {
            lock (_entries)
                return _entries.Values.Sum(entry => entry.Index.TurnCount);
        }
    }

    /// <summary>What the person told the character, as the database has it. The caller holds the conversation's lock while it uses the answer.</summary>
    public async Task<RecallIndex> OpenAsync(MemoryDb db, string subject, string characterId, CancellationToken cancellation)
    {
        var entry = Entered(subject, characterId);
        await entry.Sync.RunAsync(db, subject, characterId, cancellation);
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
        entry.Sync.Doubt(sessionId);
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
            var turns = TurnCount;
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
        public readonly IndexSync Sync;
        public long LastUsed;

        public Entry() => Sync = new IndexSync(Index);
    }
}
