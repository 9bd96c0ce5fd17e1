namespace Comox.NodeAgent.Downloads;

/// <summary>The bytes from <see cref="From"/> up to, and without, <see cref="To"/>.</summary>
internal readonly record struct ByteRange(long From, long To)
{
    public long Length => To - From;
}

/// <summary>The bytes of a file that are there, as ranges that neither touch nor overlap, in order.</summary>
internal sealed class RangeSet
{
    private readonly List<ByteRange> _ranges = [];

    public long Count { get; private set; }

    public void Add(ByteRange range)
    {
        if (range.Length <= 0)
            return;
        var first = _ranges.FindIndex(known => known.To >= range.From);
        if (first < 0)
            first = _ranges.Count;
        var after = first;
        while (after < _ranges.Count && _ranges[after].From <= range.To)
        {
            range = new ByteRange(Math.Min(range.From, _ranges[after].From), Math.Max(range.To, _ranges[after].To));
            Count -= _ranges[after].Length;
            after++;
        }

        _ranges.RemoveRange(first, after - first);
        _ranges.Insert(first, range);
        Count += range.Length;
    }

    /// <summary>What is not there of <paramref name="within"/>, in order.</summary>
    public IReadOnlyList<ByteRange> Missing(ByteRange within)
    {
        var missing = new List<ByteRange>();
        var at = within.From;
        foreach (var range in _ranges)
        {
            if (range.To <= at)
                continue;
            if (range.From >= within.To)
                break;
            if (range.From > at)
                missing.Add(new ByteRange(at, range.From));
            at = range.To;
        }

        if (at < within.To)
            missing.Add(new ByteRange(at, within.To));
        return missing;
    }

    public void Clear()
    {
        _ranges.Clear();
        Count = 0;
    }
}
