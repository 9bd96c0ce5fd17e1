using Comox.Gateway.Backends;
using Comox.Gateway.CircuitBreaking;
using Comox.Gateway.Routing;
using Comox.ServiceDefaults.Contracts.Nodes;
using Microsoft.Extensions.Options;

namespace Comox.Gateway.LoadBalancing;

/// <summary>
/// Pool → one backend, in four steps: (1) those that are ready and have not been tried; (2) without the ones whose circuit is open and the ones that do much worse than their peers,
/// unless too few would be left; (3) the route's policy chooses; (4) the circuit gives its permit, and the ledger an entry.
/// </summary>
internal sealed class BackendChooser(Affinity affinity, IOptions<OutlierOptions> outliers, TimeProvider time)
{
    private const int OnStack = 64;

    /// <summary>Of its share, for an engine that works slower than it could or close to a limit.</summary>
    private const double DegradedShare = 0.5;

    /// <param name="exchange">Has a route.</param>
    /// <param name="pool">One of the route's.</param>
    /// <param name="panic">Whether backends that are not well may be used where most of the pool is not.</param>
    public Attempt? TryBegin(Exchange exchange, BackendPool pool, bool panic)
    {
        var ready = pool.Ready;
        if (ready.IsEmpty)
            return null;

        Span<bool> admitted = ready.Length <= OnStack ? stackalloc bool[ready.Length] : new bool[ready.Length];
        var health = Judge(ready.AsSpan(), admitted);
        if (health.Panic && !panic)
            return null;

        // Slots of the admitted and untried, so that an index of the policy leads back to its backend.
        var candidates = new Candidate[ready.Length];
        Span<int> slots = ready.Length <= OnStack ? stackalloc int[ready.Length] : new int[ready.Length];
        var count = 0;
        for (var i = 0; i < ready.Length; i++)
        {
            if (!admitted[i] || exchange.HasTried(ready[i]) || !exchange.Accepts(ready[i]))
                continue;
            candidates[count] = CandidateOf(ready[i]);
            slots[count++] = i;
        }

        var request = exchange.Shape.ToRequest(pool.Adapter);
        while (count > 0)
        {
            var chosen = exchange.Route.Policy.Choose(candidates.AsSpan(0, count), request, out var why);
            if (chosen < 0)
                return null;
            var backend = ready[slots[chosen]];
            if (Enter(backend, health.Panic, out var permit))
                return Begin(exchange, backend, pool, permit, why, request);
            // Another request was quicker to be the canary.
            count--;
            (candidates[chosen], slots[chosen]) = (candidates[count], slots[count]);
        }

        return null;
    }

    /// <summary>Where such a request would be sent now, without sending it.</summary>
    /// <returns>Null where a request would go on to the next pool.</returns>
    public Backend? Foresee(ModelRoute route, BackendPool pool, in RoutingRequest request)
    {
        var admitted = new bool[pool.Ready.Length];
        if (Judge(pool.Ready.AsSpan(), admitted).Panic)
            return null;
        Backend[] open = [.. pool.Ready.Where((_, at) => admitted[at])];
        var chosen = route.Policy.Choose([.. open.Select(CandidateOf)], request, out _);
        return chosen < 0 ? null : open[chosen];
    }

    private static Candidate CandidateOf(Backend backend) =>
        new(backend.Load, backend.Load.Weight * backend.Circuit.Ramp * (backend.Engine is { Health: Healths.Degraded } ? DegradedShare : 1));

    private static bool Enter(Backend backend, bool panic, out CircuitPermit permit)
    {
        if (!panic)
            return backend.Circuit.TryEnter(out permit);
        permit = backend.Circuit.EnterInPanic();
        return true;
    }

    private Attempt Begin(Exchange exchange, Backend backend, BackendPool pool, CircuitPermit permit, RouteTrace why, in RoutingRequest request)
    {
        var lease = backend.Load.Begin(new RequestCost(request.PromptTokens, why.CachedTokens, request.OutputTokens));
        affinity.Sent(backend.Load, request);
        exchange.Try(backend);
        return new Attempt(backend, pool.Name, permit, lease, why);
    }

    private PoolHealth Judge(ReadOnlySpan<Backend> ready, Span<bool> admitted)
    {
        var now = time.GetTimestamp();
        var health = new BackendHealth[ready.Length];
        for (var i = 0; i < ready.Length; i++)
        {
            var judged = ready[i].Circuit.Health(ready[i].Load.FirstTokenSeconds(now));
            health[i] = ready[i].IsWell ? judged : judged with { Admissible = false };
        }

        return OutlierEjection.Judge(health, outliers.Value, admitted);
    }
}
