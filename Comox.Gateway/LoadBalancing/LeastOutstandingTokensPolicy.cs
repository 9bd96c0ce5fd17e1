namespace Comox.Gateway.LoadBalancing;

/// <summary>Fewest tokens still to read and to write, by weight; between equals fewest requests, then chance.</summary>
internal sealed class LeastOutstandingTokensPolicy(Dice dice) : ILoadBalancingPolicy
{
    public string Name => LoadBalancingPolicies.LeastOutstandingTokens;

    public int Choose(ReadOnlySpan<Candidate> candidates, in RoutingRequest request, out RouteTrace trace)
    {
        var chosen = ChooseWhere(candidates, request, static (in Candidate _, ulong _, long _) => true, 0, 0);
        trace = new RouteTrace(chosen < 0 ? RouteReason.None : RouteReason.LeastOutstanding);
        return chosen;
    }

    /// <summary>The same among the candidates that hold an adapter, for example; the arguments save a closure.</summary>
    public int ChooseWhere(ReadOnlySpan<Candidate> candidates, in RoutingRequest request, CandidateFilter filter, ulong argument, long now)
    {
        if (candidates.IsEmpty)
            return -1;
        var start = dice.Next(candidates.Length);
        var chosen = -1;
        var least = (Tokens: double.MaxValue, Requests: double.MaxValue);
        for (var step = 0; step < candidates.Length; step++)
        {
            var at = (start + step) % candidates.Length;
            ref readonly var candidate = ref candidates[at];
            if (candidate.Weight <= 0 || !filter(candidate, argument, now))
                continue;
            var load = candidate.Load;
            // This request counts too: otherwise an idle backend of little weight looks as good as an idle one of much.
            var tokens = (load.PromptTokens + load.OutputTokens + request.PromptTokens + request.OutputTokens) / candidate.Weight;
            var requests = (load.InFlight + 1) / candidate.Weight;
            if (tokens < least.Tokens || (tokens == least.Tokens && requests < least.Requests))
                (chosen, least) = (at, (tokens, requests));
        }

        return chosen;
    }
}

internal delegate bool CandidateFilter(in Candidate candidate, ulong argument, long now);
