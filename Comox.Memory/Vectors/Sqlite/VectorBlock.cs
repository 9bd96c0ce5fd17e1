namespace Comox.Memory.Vectors.Sqlite;

/// <summary>Up to 1024 points of a partition, a column for each property. Blocks, because one growing array would be copied whole, and would end at 2 GiB.</summary>
internal sealed class VectorBlock(int stride)
{
    public const int MaxCount = 1024;

    /// <summary>Row, time, scale, error, three names, kind.</summary>
    public const int BytesBesideCodes = 8 + 8 + 4 + 4 + (3 * 4) + 1;

    private sbyte[] _codes = [];
    private float[] _scales = [];
    private float[] _errors = [];
    private long[] _rows = [];
    private long[] _saidAt = [];
    private int[] _characters = [];
    private int[] _sessions = [];
    private int[] _witnesses = [];
    private byte[] _kinds = [];

    public int Count { get; private set; }

    public long LastRow => _rows[Count - 1];

    public long Size => _rows.Length * (long)(stride + BytesBesideCodes);

    /// <returns>Negative: not here.</returns>
    public int Find(long row) => Array.BinarySearch(_rows, 0, Count, row);

    /// <param name="row">Higher than all before.</param>
    public int Append(long row)
    {
        if (Count == _rows.Length)
            Grow(Math.Min(MaxCount, Math.Max(16, Count * 2)));
        _rows[Count] = row;
        return Count++;
    }

    public void Set(int at, VectorRow row, PartitionNames names)
    {
        var codes = _codes.AsSpan(at * stride, stride);
        codes.Clear();
        (_scales[at], _errors[at]) = VectorCode.Encode(row.Vector.Span, codes);
        _saidAt[at] = row.SaidAt;
        _characters[at] = names.Add(row.Character);
        _sessions[at] = names.Add(row.Session);
        _witnesses[at] = names.AddSet(row.Witnesses);
        _kinds[at] = (byte)row.Kind;
    }

    /// <summary>Leaves a hole: no kind matches it, and nothing of the vector is left.</summary>
    public void Clear(int at)
    {
        _kinds[at] = 0;
        _codes.AsSpan(at * stride, stride).Clear();
    }

    public void Scan(VectorCode.Query query, RowFilter filter, TopBounds bounds, List<(long Row, double Highest)> found)
    {
        for (var at = 0; at < Count; at++)
        {
            if (!filter.Matches(_kinds[at], _characters[at], _sessions[at], _witnesses[at], _saidAt[at]))
                continue;
            var (estimate, slack) = query.Compare(_codes.AsSpan(at * stride, stride), _scales[at], _errors[at]);
            if (estimate + slack < bounds.Floor)
                continue;
            bounds.Offer(estimate - slack);
            found.Add((_rows[at], estimate + slack));
        }
    }

    private void Grow(int size)
    {
        Array.Resize(ref _codes, size * stride);
        Array.Resize(ref _scales, size);
        Array.Resize(ref _errors, size);
        Array.Resize(ref _rows, size);
        Array.Resize(ref _saidAt, size);
        Array.Resize(ref _characters, size);
        Array.Resize(ref _sessions, size);
        Array.Resize(ref _witnesses, size);
        Array.Resize(ref _kinds, size);
    }
}
