namespace Comox.Gateway.LoadBalancing;

/// <summary>
/// Chooses one of the backends that are ready. A pure decision over the ledgers: it sends nothing, waits for nothing and allocates nothing. Safe for all
/// threads.
/// </summary>
internal interface ILoadBalancingPolicy
{
    string Name { get; }

    /// <returns>The index of the candidate; -1 when there is none with a weight above zero.</returns>
    int Choose(ReadOnlySpan<Candidate> candidates, in RoutingRequest request, out RouteTrace trace);
}
