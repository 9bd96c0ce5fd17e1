namespace Comox.Gateway.LoadBalancing;

/// <summary>
/// Rendezvous hashing: every backend draws a number from the session's key, and the highest one that has room wins. When a backend comes or goes only its own
/// sessions move. Without a key: least outstanding tokens.
/// </summary>
internal sealed class SessionAffinityPolicy(LoadBalancingOptions options, LeastOutstandingTokensPolicy otherwise) : ILoadBalancingPolicy
{
    public string Name => LoadBalancingPolicies.SessionAffinity;

    public int Choose(ReadOnlySpan<Candidate> candidates, in RoutingRequest request, out RouteTrace trace)
    {
        if (request.Session is not { } session)
            return otherwise.Choose(candidates, request, out trace);

        var bound = new LoadBound(candidates, options.LoadBound);
        var (chosen, favourite) = (-1, -1);
        var (highest, highestOfAll) = (double.NegativeInfinity, double.NegativeInfinity);
        for (var at = 0; at < candidates.Length; at++)
        {
            ref readonly var candidate = ref candidates[at];
            if (candidate.Weight <= 0)
                continue;
            var score = Score(session, candidate);
            if (score > highestOfAll)
                (favourite, highestOfAll) = (at, score);
            if (score > highest && bound.Admits(candidate))
                (chosen, highest) = (at, score);
        }

        trace = new RouteTrace(chosen < 0 ? RouteReason.None : chosen == favourite ? RouteReason.Session : RouteReason.Overfull);
        return chosen;
    }

    // -weight / ln(u) with u between 0 and 1: each backend is highest for its weight's share of the sessions.
    private static double Score(ulong session, in Candidate candidate)
    {
        var drawn = Dice.Mix(Dice.Mix(session) ^ candidate.Load.IdHash);
        return -candidate.Weight / Math.Log(((drawn >> 11) + 0.5) * (1.0 / (1UL << 53)));
    }
}
