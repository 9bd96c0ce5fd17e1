namespace Comox.Memory.Vectors.Sqlite;

/// <summary>
/// What one person has in one space, in memory, to be scanned: a code for each vector and numbers for what it is filtered by. Ids and whole vectors stay in the file, and are
/// read for the few that come into question. Many may scan it while nobody changes it.
/// </summary>
internal sealed class VectorPartition
{
    private readonly ReaderWriterLockSlim _lock = new();
    private readonly List<VectorBlock> _blocks = [];
    private readonly PartitionNames _names = new();
    private readonly int _stride;
    private int _dead;

    public VectorPartition(int dimension, long version) => (_stride, Version) = (VectorCode.LengthOf(dimension), version);

    /// <summary>The version of the file's partition that this is a copy of.</summary>
    public long Version { get; private set; }

    /// <summary>In bytes, about.</summary>
    public long Size => _blocks.Sum(block => block.Size) + (_names.Count * 100L);

    /// <summary>What a partition of so many points will take.</summary>
    public static long SizeOf(long count, int dimension) => count * (VectorCode.LengthOf(dimension) + VectorBlock.BytesBesideCodes);

    /// <summary>Takes rows in, new ones or new contents of known ones, and is then a copy of that version.</summary>
    public void Put(IEnumerable<VectorRow> rows, long version)
    {
        _lock.EnterWriteLock();
        try
        {
            foreach (var row in rows)
            {
                var (block, at) = Find(row.Row) ?? Append(row.Row);
                block.Set(at, row, _names);
            }

            Version = version;
        }
        finally
        {
            _lock.ExitWriteLock();
        }
    }

    /// <summary>Takes rows out, and is then a copy of that version.</summary>
    /// <returns>Whether it is still worth keeping: a partition that is mostly holes is better read again.</returns>
    public bool Remove(IEnumerable<long> rows, long version)
    {
        _lock.EnterWriteLock();
        try
        {
            foreach (var row in rows)
            {
                if (Find(row) is not var (block, at))
                    continue;
                block.Clear(at);
                _dead++;
            }

            Version = version;
            return _dead <= 1000 || _dead <= _blocks.Sum(block => block.Count) / 2;
        }
        finally
        {
            _lock.ExitWriteLock();
        }
    }

    /// <summary>
    /// The rows that may be among the nearest: none of those is missing, and few others are there. With each the highest similarity that it can have, the highest first.
    /// </summary>
    /// <returns>Null: this is not a copy of that version.</returns>
    public List<(long Row, double Highest)>? Candidates(long version, VectorCode.Query query, VectorFilter filter, int count, CancellationToken cancellation)
    {
        var bounds = new TopBounds(count);
        var found = new List<(long Row, double Highest)>();
        _lock.EnterReadLock();
        try
        {
            if (Version != version)
                return null;
            if (RowFilter.Of(filter, _names) is not { } rows)
                return found;
            foreach (var block in _blocks)
            {
                cancellation.ThrowIfCancellationRequested();
                block.Scan(query, rows, bounds, found);
            }
        }
        finally
        {
            _lock.ExitReadLock();
        }

        found.RemoveAll(candidate => candidate.Highest < bounds.Floor);
        found.Sort((one, other) => other.Highest.CompareTo(one.Highest));
        return found;
    }

    /// <summary>Rows come in their order: each block is sorted, and all of a block is before all of the next.</summary>
    private (VectorBlock Block, int At)? Find(long row)
    {
        var low = 0;
        for (var high = _blocks.Count; low < high;)
        {
            var middle = (low + high) / 2;
            if (_blocks[middle].LastRow < row)
                low = middle + 1;
            else
                high = middle;
        }

        return low < _blocks.Count && _blocks[low].Find(row) is var at and >= 0 ? (_blocks[low], at) : null;
    }

    private (VectorBlock Block, int At) Append(long row)
    {
        if (_blocks.Count == 0 || _blocks[^1].Count == VectorBlock.MaxCount)
            _blocks.Add(new VectorBlock(_stride));
        return (_blocks[^1], _blocks[^1].Append(row));
    }
}

/// <summary>A point as a partition takes it in; the vector has the length 1.</summary>
internal readonly record struct VectorRow(
    long Row, string Character, string Session, IReadOnlyList<string> Witnesses, VectorKind Kind, long SaidAt, ReadOnlyMemory<float> Vector);
