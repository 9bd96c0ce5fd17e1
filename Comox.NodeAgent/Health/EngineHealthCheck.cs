using Comox.NodeAgent.Supervision;
using Comox.ServiceDefaults.Contracts.Nodes;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Comox.NodeAgent.Health;

/// <summary>The check <c>engine</c>: ready means that a chat can be answered.</summary>
internal sealed class EngineHealthCheck(EngineHandle engine) : IHealthCheck
{
    public const string Name = "engine";

    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        var status = engine.Status;
        var words = $"{status.State}: {status.Reason}";
        return Task.FromResult(status.State == EngineStates.Ready ? HealthCheckResult.Healthy(words) : HealthCheckResult.Unhealthy(words));
    }
}
