using Comox.Gateway.Backends;
using Comox.Gateway.Forwarding;
using Comox.Gateway.Routing;

namespace Comox.Gateway.LoadBalancing;

/// <summary>Pool → one ready backend, in turn. Asks the fleet again: since routing, a node may have come or gone.</summary>
internal sealed class LoadBalancingStep(Fleet fleet) : IChatStep
{
    private uint _turn;

    public ValueTask<ForwardError?> InvokeAsync(Exchange exchange, ChatHandler next)
    {
        var snapshot = fleet.Current;
        if (snapshot.Find(exchange.Route.Model) is not { } pool)
            return new(new ForwardError(ForwardPlace.Request, RoutingStep.NotFound(exchange.Route.Model, snapshot)));
        if (pool.Ready.IsEmpty)
            return new(new ForwardError(ForwardPlace.Backends, pool.WhyNotReady()));

        exchange.Backend = pool.Ready[(int)(Interlocked.Increment(ref _turn) % (uint)pool.Ready.Length)];
        return next(exchange);
    }
}
