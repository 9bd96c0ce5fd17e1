using Comox.NodeAgent.Engines;
using Comox.ServiceDefaults.Clients;
using Comox.ServiceDefaults.Contracts.Nodes;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Comox.NodeAgent.Health;

/// <summary>The check <c>engine</c>: ready means that a chat can be answered, at once or after a model is loaded.</summary>
internal sealed class EngineHealthCheck(EngineRegistry engines) : IHealthCheck
{
    public const string Name = "engine";

    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        var status = engines.All.Select(engine => engine.Status).ToList();
        var best = status.Find(engine => engine.State == EngineStates.Ready) ?? status.Find(CanAnswer) ?? status[0];
        var words = $"{best.Id} {best.State}: {best.Reason}";
        return Task.FromResult(CanAnswer(best) ? HealthCheckResult.Healthy(words) : HealthCheckResult.Unhealthy(words));
    }

    // By the gateway's own rule: what it would send here must not be what takes the node out of the cluster. One that is pinned is not unloaded for long, and until it answers
    // for the first time nobody knows whether it will; when it drains, it has answered. Nothing is loaded onto cards that are ejected.
    private static bool CanAnswer(EngineStatus engine) =>
        engine.State == EngineStates.Draining || (NodeAgentClient.TakesRequests(engine) && engine is not { State: EngineStates.Unloaded, Health: Healths.Ejected });
}
