namespace Comox.Gateway.LoadBalancing;

/// <summary>
/// Consistent hashing with bounded loads: no backend takes more than its share of the requests in flight × a factor, this request included, so some backend
/// always may. https://arxiv.org/abs/1608.01350
/// </summary>
internal readonly ref struct LoadBound
{
    private readonly double _perWeight;
    private readonly int _slack;

    public LoadBound(ReadOnlySpan<Candidate> candidates, double factor, int slack = 0)
    {
        var requests = 1L;
        var weight = 0.0;
        foreach (ref readonly var candidate in candidates)
        {
            if (candidate.Weight <= 0)
                continue;
            requests += candidate.Load.InFlight;
            weight += candidate.Weight;
        }

        _perWeight = factor * requests / weight;
        _slack = slack;
    }

    public bool Admits(in Candidate candidate) => candidate.Load.InFlight + 1 <= Math.Ceiling(_perWeight * candidate.Weight) + _slack;
}
