using Comox.Memory.Storage;

namespace Comox.Memory.Sessions;

/// <summary>
/// One writer at a time for a person and a character, hence also for each of their sessions: first within this process, then, where several share a database,
/// among them all.
/// </summary>
internal sealed class ConversationLocks
{
    private readonly Dictionary<(string Subject, string Character), Entry> _entries = [];

    /// <param name="db">The context that the holder reads and writes with. What is read before is of no use: it may have changed.</param>
    /// <param name="subject">The person.</param>
    /// <param name="character">The character's id.</param>
    /// <param name="cancellation">Ends the wait.</param>
    public async Task<IDisposable> TakeAsync(MemoryDb db, string subject, string character, CancellationToken cancellation)
    {
        var held = await TakeAsync(subject, character, cancellation);
        try
        {
            await db.HoldAsync(subject, character, cancellation);
            return held;
        }
        catch
        {
            held.Dispose();
            throw;
        }
    }

    private async Task<IDisposable> TakeAsync(string subject, string character, CancellationToken cancellation)
    {
        var key = (subject, character);
        Entry? entry;
        lock (_entries)
        {
            if (!_entries.TryGetValue(key, out entry))
                _entries[key] = entry = new Entry();
            entry.Users++;
        }

        try
        {
            await entry.Gate.WaitAsync(cancellation);
        }
        catch
        {
            Leave(key, entry);
            throw;
        }

        return new Held(this, key, entry);
    }

    private void Leave((string, string) key, Entry entry)
    {
        lock (_entries)
        {
            if (--entry.Users > 0)
                return;
            _entries.Remove(key);
            entry.Gate.Dispose();
        }
    }

    private sealed class Entry
    {
        public readonly SemaphoreSlim Gate = new(1, 1);
        public int Users;
    }

    private sealed class Held(ConversationLocks owner, (string, string) key, Entry entry) : IDisposable
    {
        public void Dispose()
        {
            entry.Gate.Release();
            owner.Leave(key, entry);
        }
    }
}
