using Comox.Gateway.Recall;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Comox.Gateway.Diagnostics;

/// <summary>
/// Ready when replies can be made durable. A fleet without a ready engine is not our illness: the node agent reports it, and requests are
/// answered with the reason.
/// </summary>
internal sealed class OutboxHealthCheck(OutboxWriter outbox) : IHealthCheck
{
    public const string Name = "gateway";

    // A disk that hangs is no reason to keep whoever asks waiting.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        if (outbox is { Fault: not null, IsOpen: true })
            await Task.WhenAny(outbox.TryAsync(), Task.Delay(Patience, TimeProvider.System, cancellationToken));
        return outbox.Fault is { } fault ? HealthCheckResult.Unhealthy($"The outbox cannot be written: {fault}") : HealthCheckResult.Healthy();
    }
}
