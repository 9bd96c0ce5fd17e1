namespace Comox.Memory.Sessions;

/// <summary>
/// One writer at a time for a person and a character, hence also for each of their sessions. It spares them retries; that two processes cannot both move
/// a session on is ensured by the version in its row.
/// </summary>
internal sealed class ConversationLocks
{
    private readonly Dictionary<(string Subject, string Character), Entry> _entries = [];

    public async Task<IDisposable> TakeAsync(string subject, string character, CancellationToken cancellation)
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
