namespace Comox.Gateway.LoadBalancing;

/// <summary>The backend that is believed to hold most of the prompt, while it has room; where none holds enough to matter, least outstanding tokens.</summary>
internal sealed class PrefixAffinityPolicy(LoadBalancingOptions options, Affinity affinity, LeastOutstandingTokensPolicy otherwise, TimeProvider time)
    : ILoadBalancingPolicy
{
    public string Name => LoadBalancingPolicies.PrefixAffinity;

    public int Choose(ReadOnlySpan<Candidate> candidates, in RoutingRequest request, out RouteTrace trace)
    {
        Span<int> blocks = candidates.Length <= AutoPolicy.OnStack ? stackalloc int[candidates.Length] : new int[candidates.Length];
        affinity.Prefixes.Match(candidates, request.Prefix, time.GetTimestamp(), blocks);
        var bound = new LoadBound(candidates, options.LoadBound, options.LoadSlack);
        var chosen = -1;
        var most = (Tokens: Math.Max(1, options.MinPrefixTokens) - 1, Requests: 0.0);
        for (var at = 0; at < candidates.Length; at++)
        {
            ref readonly var candidate = ref candidates[at];
            if (candidate.Weight <= 0 || !bound.Admits(candidate))
                continue;
            var tokens = request.TokensOf(blocks[at]);
            var requests = candidate.Load.InFlight / candidate.Weight;
            // Many backends hold a hot prefix; the idlest of them.
            if (tokens > most.Tokens || (chosen >= 0 && tokens == most.Tokens && requests < most.Requests))
                (chosen, most) = (at, (tokens, requests));
        }

        if (chosen < 0)
            return otherwise.Choose(candidates, request, out trace);
        trace = new RouteTrace(RouteReason.Prefix, most.Tokens);
        return chosen;
    }
}
