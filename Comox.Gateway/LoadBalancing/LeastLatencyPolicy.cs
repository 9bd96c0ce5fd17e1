namespace Comox.Gateway.LoadBalancing;

/// <summary>
/// Least time to the first token of late × requests in flight. The measurement alone would send everything to the backend that was fastest a moment ago, until
/// it is not. A backend without a recent measurement is given one request at a time to make one: a slow answer must not banish it for ever.
/// </summary>
internal sealed class LeastLatencyPolicy(Dice dice, TimeProvider time) : ILoadBalancingPolicy
{
    public string Name => LoadBalancingPolicies.LeastLatency;

    public int Choose(ReadOnlySpan<Candidate> candidates, in RoutingRequest request, out RouteTrace trace)
    {
        trace = default;
        if (candidates.IsEmpty)
            return -1;
        var now = time.GetTimestamp();
        var start = dice.Next(candidates.Length);
        var mean = MeanOfKnown(candidates, now);
        var chosen = -1;
        var least = double.MaxValue;
        for (var step = 0; step < candidates.Length; step++)
        {
            var at = (start + step) % candidates.Length;
            ref readonly var candidate = ref candidates[at];
            if (candidate.Weight <= 0)
                continue;
            var latency = candidate.Load.FirstTokenSeconds(now);
            if (double.IsNaN(latency))
            {
                if (candidate.Load.InFlight == 0)
                {
                    trace = new RouteTrace(RouteReason.Explore);
                    return at;
                }

                // While the answer that will tell is under way it is taken to be like the others.
                latency = mean;
            }

            var cost = latency * (candidate.Load.InFlight + 1) / candidate.Weight;
            if (cost < least)
                (chosen, least) = (at, cost);
        }

        if (chosen >= 0)
            trace = new RouteTrace(RouteReason.LeastLatency, WaitSeconds: least, BestWaitSeconds: least);
        return chosen;
    }

    private static double MeanOfKnown(ReadOnlySpan<Candidate> candidates, long now)
    {
        var (sum, known) = (0.0, 0);
        foreach (ref readonly var candidate in candidates)
        {
            if (candidate.Load.FirstTokenSeconds(now) is var latency && !double.IsNaN(latency))
                (sum, known) = (sum + latency, known + 1);
        }

        return known == 0 ? 1 : sum / known;
    }
}
