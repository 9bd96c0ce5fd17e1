namespace Comox.Gateway.Diagnostics.Prometheus;

/// <summary>One line of a counter or gauge, or all lines of one histogram. Written by any thread without a lock.</summary>
internal sealed class MetricSeries(string labels, double[] bounds)
{
    private readonly long[] _buckets = bounds.Length == 0 ? [] : new long[bounds.Length + 1];
    private double _value;

    /// <summary><c>a="x",b="y"</c>, escaped.</summary>
    public string Labels { get; } = labels;

    /// <summary>Value of a counter or gauge; sum of a histogram.</summary>
    public double Value => Volatile.Read(ref _value);

    /// <summary>For what is measured on request: whether it was measured this time.</summary>
    public bool IsCurrent { get; set; }

    public void Set(double value)
    {
        Volatile.Write(ref _value, value);
        IsCurrent = true;
    }

    public void Add(double value)
    {
        var seen = Volatile.Read(ref _value);
        while (true)
        {
            var before = Interlocked.CompareExchange(ref _value, seen + value, seen);
            // As bits: NaN differs from itself, and the loop would not end.
            if (BitConverter.DoubleToInt64Bits(before) == BitConverter.DoubleToInt64Bits(seen))
                return;
            seen = before;
        }
    }

    public void Observe(double value)
    {
        // A bucket holds what is at most its bound; found is negative (the next larger one's complement) for what lies between two.
        var found = Array.BinarySearch(bounds, value);
        Interlocked.Increment(ref _buckets[found >= 0 ? found : ~found]);
        Add(value);
    }

    /// <param name="buckets">Observations for each bucket; as many as there are.</param>
    /// <param name="sum">Of all of them.</param>
    public void Merge(ReadOnlySpan<int> buckets, double sum)
    {
        if (buckets.Length != _buckets.Length)
            throw new ArgumentException("These are the buckets of another histogram.", nameof(buckets));
        for (var i = 0; i < buckets.Length; i++)
        {
            if (buckets[i] != 0)
                Interlocked.Add(ref _buckets[i], buckets[i]);
        }

        Add(sum);
    }

    /// <returns>Observations in each bucket alone, the last one without a bound.</returns>
    public long[] Buckets()
    {
        var copy = new long[_buckets.Length];
        for (var i = 0; i < copy.Length; i++)
            copy[i] = Volatile.Read(ref _buckets[i]);
        return copy;
    }
}
