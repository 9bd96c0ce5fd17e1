using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Comox.Memory.Vectors;

/// <summary>Degraded, never unhealthy, while the store does not answer: characters remember without vectors, only less well.</summary>
internal sealed class VectorStoreCheck(IVectorStore store, TimeProvider time) : IHealthCheck
{
    public const string Name = "vectors";

    /// <summary>A probe has no patience.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        using var limit = new CancellationTokenSource(Patience, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, limit.Token);
        try
        {
            return await store.CheckAsync(either.Token) is { } problem ? HealthCheckResult.Degraded(problem.Message) : HealthCheckResult.Healthy(store.Description);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return HealthCheckResult.Degraded($"{store.Description} did not answer within {Patience.TotalSeconds:0} s.");
        }
    }
}
