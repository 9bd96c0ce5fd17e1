namespace Comox.Gateway.LoadBalancing;

/// <summary>
/// Least outstanding tokens among the backends that hold the request's LoRA adapter and have room; without an adapter, or such a backend, among all.
/// </summary>
internal sealed class AdapterAffinityPolicy(LoadBalancingOptions options, LeastOutstandingTokensPolicy leastOutstanding, TimeProvider time)
    : ILoadBalancingPolicy
{
    public string Name => LoadBalancingPolicies.AdapterAffinity;

    public int Choose(ReadOnlySpan<Candidate> candidates, in RoutingRequest request, out RouteTrace trace)
    {
        if (request.Adapter is not { } adapter)
            return leastOutstanding.Choose(candidates, request, out trace);

        var holder = leastOutstanding.ChooseWhere(
            candidates,
            request,
            static (in Candidate candidate, ulong adapter, long now) => candidate.Load.Adapters.Holds(adapter, now),
            adapter,
            time.GetTimestamp());
        if (holder >= 0 && new LoadBound(candidates, options.LoadBound, options.LoadSlack).Admits(candidates[holder]))
        {
            trace = new RouteTrace(RouteReason.Adapter);
            return holder;
        }

        var chosen = leastOutstanding.Choose(candidates, request, out trace);
        if (holder >= 0)
            trace = trace with { Reason = RouteReason.Overfull };
        return chosen;
    }
}
