namespace Comox.Memory.Vectors.Sqlite;

/// <summary>The partitions in memory, within a bound on their bytes: the least used goes first.</summary>
internal sealed class PartitionCache(long maxBytes)
{
    private readonly Dictionary<(long Space, string Subject), Entry> _entries = [];
    private readonly Lock _lock = new();
    private long _clock;

    public long MaxBytes => maxBytes;

    /// <summary>In bytes, about.</summary>
    public long Size
    {
        get
        {
            lock (_lock)
                return _entries.Values.Sum(entry => entry.Partition.Size);
        }
    }

    public VectorPartition? Find(long space, string subject)
    {
        lock (_lock)
        {
            if (!_entries.TryGetValue((space, subject), out var entry))
                return null;
            entry.LastUsed = ++_clock;
            return entry.Partition;
        }
    }

    public void Add(long space, string subject, VectorPartition partition)
    {
        lock (_lock)
        {
            _entries[(space, subject)] = new Entry { Partition = partition, LastUsed = ++_clock };
            Trim();
        }
    }

    public void Remove(long space, string subject)
    {
        lock (_lock)
            _entries.Remove((space, subject));
    }

    /// <summary>Lets go of what is over the bound; after a partition has grown.</summary>
    public void Trim()
    {
        lock (_lock)
        {
            var size = Size;
            foreach (var (key, entry) in _entries.OrderBy(pair => pair.Value.LastUsed).ToList())
            {
                if (size <= maxBytes)
                    return;
                _entries.Remove(key);
                size -= entry.Partition.Size;
            }
        }
    }

    private sealed class Entry
    {
        public required VectorPartition Partition { get; init; }
        public long LastUsed { get; set; }
    }
}
