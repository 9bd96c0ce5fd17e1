using System.Collections.Immutable;
using Comox.Gateway.Backends;
using Comox.Gateway.LoadBalancing;
using Comox.ServiceDefaults.Contracts.Nodes;

namespace Comox.Gateway.Routing;

/// <summary>What the name a client sent stands for: ordered pools, and every policy of that name.</summary>
/// <param name="Model">The plain model that answers.</param>
/// <param name="Profile">What that model can be given.</param>
/// <param name="Character">Slug of the character that speaks through it; null for a plain model.</param>
internal sealed record ModelRoute(string Model, PromptProfile Profile, string? Character)
{
    /// <summary><c>character/ada</c> is the character with the slug <c>ada</c>.</summary>
    public const string CharacterPrefix = "character/";

    public ImmutableArray<BackendPool> Pools { get; init; } = [];

    public ILoadBalancingPolicy Policy { get; init; } = new RoundRobinPolicy();

    /// <summary>Attempts, timers, continuation.</summary>
    public RouteOptions Options { get; init; } = new();

    public bool IsReady => Pools.Any(pool => !pool.Ready.IsEmpty);
}
