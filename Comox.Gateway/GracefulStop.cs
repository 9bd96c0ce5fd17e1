using System.Globalization;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Options;

namespace Comox.Gateway;

/// <summary>
/// How the gateway leaves. (1) <c>/health</c> is 503, so that load balancers send nobody new; (2) for <see cref="GatewayOptions.DrainDelay"/> whoever still comes is served,
/// because they take that long to notice; (3) the server closes its door, and what is in flight has <see cref="GatewayOptions.DrainTimeout"/> to finish.
/// </summary>
internal sealed class GracefulStop(Drain drain) : IHostedLifecycleService
{
    // Before any service is stopped, the web server among them.
    public Task StoppingAsync(CancellationToken cancellationToken) => drain.BeginAsync(cancellationToken);

    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}

/// <summary>Not ready once the host was asked to stop.</summary>
internal sealed class DrainHealthCheck(Drain drain) : IHealthCheck
{
    public const string Name = "gateway-drain";

    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) =>
        Task.FromResult(drain.HasBegun ? HealthCheckResult.Unhealthy("The gateway is stopping.") : HealthCheckResult.Healthy());
}

/// <summary>The host gives up on its services after a time of its own, 8 s unless somebody says otherwise; it must not cut streams that still have leave to finish.</summary>
/// <remarks>
/// From the configuration and not from <see cref="GatewayOptions"/>: the host reads this while it is built, before the options are validated all together, and a value that
/// cannot be read is theirs to tell.
/// </remarks>
internal sealed class HostPatience(IConfiguration configuration) : IPostConfigureOptions<HostOptions>
{
    /// <summary>For last words, and to write down what they were.</summary>
    private static readonly TimeSpan Epilogue = TimeSpan.FromSeconds(3);

    public void PostConfigure(string? name, HostOptions options)
    {
        var defaults = new GatewayOptions();
        var needed = Read(nameof(GatewayOptions.DrainDelay), defaults.DrainDelay) + Read(nameof(GatewayOptions.DrainTimeout), defaults.DrainTimeout) + Epilogue;
        if (options.ShutdownTimeout != Timeout.InfiniteTimeSpan && options.ShutdownTimeout < needed)
            options.ShutdownTimeout = needed;
    }

    private TimeSpan Read(string key, TimeSpan otherwise) =>
        TimeSpan.TryParse(configuration[$"{GatewayOptions.Section}:{key}"], CultureInfo.InvariantCulture, out var time) && time >= TimeSpan.Zero && time <= TimeSpan.FromDays(1) ? time : otherwise;
}
