namespace Comox.Gateway.LoadBalancing;

/// <summary>How the work of late is shared out: what a newcomer is placed by, because a session costs what its turns to come will cost.</summary>
internal readonly ref struct RecentWork
{
    private readonly long _now;
    private readonly double _perWeight;

    public RecentWork(ReadOnlySpan<Candidate> candidates, long now)
    {
        _now = now;
        var (tokens, weight) = (0.0, 0.0);
        foreach (ref readonly var candidate in candidates)
        {
            if (candidate.Weight <= 0)
                continue;
            tokens += candidate.Load.RecentTokens(now);
            weight += candidate.Weight;
        }

        _perWeight = weight > 0 ? tokens / weight : 0;
    }

    /// <summary>Whether a backend was given more than its share × the bound, with the same slack as for requests in flight.</summary>
    public bool IsOverfull(in Candidate candidate, in RoutingRequest request, LoadBalancingOptions options) =>
        candidate.Load.RecentTokens(_now)
            > (options.LoadBound * _perWeight * candidate.Weight) + (options.LoadSlack * (double)(request.PromptTokens + request.OutputTokens));

    /// <summary>
    /// The one with the least, by weight, of those that would not wait too long. Nobody counts as having had less than half of a full share: a backend that
    /// comes back would else get every newcomer, however small its weight is while it warms up.
    /// </summary>
    public int Least(ReadOnlySpan<Candidate> candidates, ReadOnlySpan<double> waits, double longest)
    {
        var place = -1;
        var least = double.MaxValue;
        for (var at = 0; at < candidates.Length; at++)
        {
            if (candidates[at].Weight <= 0 || waits[at] > longest)
                continue;
            var recent = Math.Max(candidates[at].Load.RecentTokens(_now), _perWeight / 2) / candidates[at].Weight;
            if (recent < least || (recent == least && waits[at] < waits[place]))
                (place, least) = (at, recent);
        }

        return place;
    }
}
