namespace Comox.Memory.Vectors.Sqlite;

/// <summary>The best so many of the matches that it is offered.</summary>
internal sealed class TopMatches(int count)
{
    private readonly SortedSet<VectorMatch> _best = new(VectorMatch.Order);

    /// <summary>What a further match must at least have; −2, below every similarity, while there is room.</summary>
    public double Floor => _best.Count < count ? -2 : _best.Max!.Similarity;

    public void Offer(VectorMatch match)
    {
        if (match.Similarity < Floor)
            return;
        _best.Add(match);
        if (_best.Count > count)
            _best.Remove(_best.Max!);
    }

    public VectorMatch[] ToArray() => [.. _best];
}

/// <summary>The largest so many of the numbers that it is offered: how low a guess may be and still be among the best.</summary>
internal sealed class TopBounds(int count)
{
    private readonly PriorityQueue<double, double> _best = new();

    /// <summary>−∞ while there is room.</summary>
    public double Floor { get; private set; } = double.NegativeInfinity;

    public void Offer(double bound)
    {
        if (_best.Count < count)
            _best.Enqueue(bound, bound);
        else if (bound > Floor)
            _best.EnqueueDequeue(bound, bound);
        else
            return;
        if (_best.Count == count)
            Floor = _best.Peek();
    }
}
