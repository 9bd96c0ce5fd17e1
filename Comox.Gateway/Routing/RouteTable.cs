using System.Collections.Frozen;
using System.Collections.Immutable;
using Comox.Gateway.Backends;
using Comox.Gateway.LoadBalancing;

namespace Comox.Gateway.Routing;

/// <summary>All routes at one moment. Immutable: a request sees one table from beginning to end.</summary>
internal sealed class RouteSnapshot(FleetSnapshot fleet, ImmutableArray<ModelRoute> routes)
{
    private readonly FrozenDictionary<string, ModelRoute> _routes = routes.ToFrozenDictionary(route => route.Model, StringComparer.Ordinal);

    public FleetSnapshot Fleet { get; } = fleet;

    /// <summary>Those of the settings first, then the other models of the fleet.</summary>
    public ImmutableArray<ModelRoute> Routes { get; } = routes;

    public ModelRoute? Find(string model) => _routes.GetValueOrDefault(model);

    /// <summary>
    /// The route that speaks for characters: the configured one; else of those that a node's chat model answers, and only where there are none of all, the first that is ready, else the first. So what
    /// people say does not leave for a cloud, nor for a server that only embeds, because a route to one was added. An adapter only if it is the configured one.
    /// </summary>
    public ModelRoute? FindDefault(string? configured)
    {
        if (configured is not null)
            return Find(configured);
        var candidates = Routes.Where(route => route.Pools.Any(pool => pool is { CanChat: true, Adapter: null })).ToList();
        var ofNodes = candidates.FindAll(route => route.Pools.Any(pool => pool is { NodeCanChat: true, Adapter: null }));
        if (ofNodes.Count > 0)
            candidates = ofNodes;
        return candidates.Find(route => route.IsReady) ?? candidates.FirstOrDefault();
    }
}

/// <summary>
/// Keeps the current <see cref="RouteSnapshot"/>: made anew when the fleet or the settings change, read by requests without a lock.
/// </summary>
internal sealed class RouteTable
{
    private readonly Fleet _fleet;
    private readonly LiveSettings _settings;
    private readonly BackendFactory _backends;
    private readonly Affinity _affinity;
    private readonly Dice _dice;
    private readonly TimeProvider _time;
    private readonly Dictionary<string, (LoadBalancingOptions Options, ILoadBalancingPolicy Policy)> _policies = new(StringComparer.Ordinal);
    private volatile RouteSnapshot _current;

    public RouteTable(Fleet fleet, LiveSettings settings, BackendFactory backends, Affinity affinity, Dice dice, TimeProvider time)
    {
        (_fleet, _settings, _backends, _affinity, _dice, _time) = (fleet, settings, backends, affinity, dice, time);
        _current = Build(fleet.Current);
        fleet.Changed += Refresh;
        settings.Changed += Refresh;
        Refresh(); // What changed between the two lines before.
    }

    public RouteSnapshot Current => _current;

    /// <summary>Policies that are remembered.</summary>
    public int Policies => _policies.Count;

    // Under the fleet's lock and no other: a watcher holds it when it tells of a change, and a backend that a watcher makes must not be forgotten before it is seen.
    private void Refresh() => _fleet.WhileStill(fleet =>
    {
        _current = Build(fleet);
        Forget(_current);
    });

    private void Forget(RouteSnapshot current)
    {
        _backends.ForgetAllBut(current.Routes.SelectMany(route => route.Pools).Concat(current.Fleet.Pools).SelectMany(pool => pool.Backends));
        foreach (var model in _policies.Keys.Where(model => current.Find(model) is null).ToArray())
            _policies.Remove(model);
    }

    private RouteSnapshot Build(FleetSnapshot fleet)
    {
        var configured = _settings.Current.Routes;
        var named = configured.Select(route => route.Model).ToHashSet(StringComparer.Ordinal);
        return new RouteSnapshot(
            fleet,
            [
                .. configured.Select(route => Of(route, fleet)),
                .. fleet.Pools.Where(pool => !named.Contains(pool.Model)).Select(pool => Of(_settings.Current.Fleet with { Model = pool.Model }, [pool])),
            ]);
    }

    private ModelRoute Of(RouteOptions options, FleetSnapshot fleet) => Of(options, [.. options.Pools.Select(pool => Of(options.Model, pool, fleet))]);

    private ModelRoute Of(RouteOptions options, ImmutableArray<BackendPool> pools)
    {
        var first = pools.FirstOrDefault(pool => !pool.Ready.IsEmpty) is { } ready ? ready.Ready : pools.SelectMany(pool => pool.Backends).Take(1).ToImmutableArray();
        // Whichever of them is asked must have room for the prompt, also while a larger context is being rolled out. A context that is not known is none.
        var smallest = first.Where(backend => !ReferenceEquals(backend.Model.Profile, ServiceDefaults.Contracts.Nodes.PromptProfile.Standard)).MinBy(backend => backend.Model.Profile.ContextTokens);
        return new ModelRoute(options.Model, (smallest ?? first.FirstOrDefault())?.Model.Profile ?? ServiceDefaults.Contracts.Nodes.PromptProfile.Standard, Character: null)
        {
            Pools = pools,
            Policy = PolicyOf(options),
            Options = options,
        };
    }

    private BackendPool Of(string model, PoolOptions pool, FleetSnapshot fleet) => new(
        model,
        [.. pool.Backends.Select(backend => _backends.Of(model, pool.Name, backend)), .. pool.Fleet is { } name ? fleet.Find(name)?.Backends ?? [] : []],
        pool.Name);

    // A policy may remember (round robin does), so it stays while its settings are the same.
    private ILoadBalancingPolicy PolicyOf(RouteOptions route)
    {
        if (_policies.TryGetValue(route.Model, out var known) && known.Options == route.LoadBalancing)
            return known.Policy;
        var policy = LoadBalancingPolicies.Create(route.LoadBalancing, _affinity, _dice, _time);
        _policies[route.Model] = (route.LoadBalancing, policy);
        return policy;
    }
}
