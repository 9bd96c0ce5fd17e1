using System.Diagnostics.Metrics;
using Comox.Gateway.Diagnostics.Prometheus;
using Comox.ServiceDefaults;

namespace Comox.Gateway.Diagnostics;

/// <summary>Everything that measures the gateway, and where it can be read.</summary>
internal static class GatewayDiagnostics
{
    public static void AddGatewayDiagnostics(this IServiceCollection services)
    {
        services.AddOptions<TelemetryOptions>().BindConfiguration(TelemetryOptions.Section);
        services.AddOptions<MetricsOptions>().BindConfiguration(MetricsOptions.Section);
        services.AddSingleton<GatewayInstruments>().AddSingleton<GatewayTelemetry>().AddSingleton<MeasureStep>().AddSingleton<FleetMetrics>().AddSingleton<OpenConnections>();
        services.AddSingleton<MetricStore>().AddSingleton<ProcessMetrics>().AddSingleton<MetricsEndpoint>();
        services.AddHostedService<Start>();
    }

    public static void MapGatewayMetrics(this WebApplication app) =>
        app.MapGet(HealthEndpoints.MetricsPath, http => http.RequestServices.GetRequiredService<MetricsEndpoint>().InvokeAsync(http));

    /// <summary>Before the first request: what is measured before somebody listens is lost.</summary>
    private sealed class Start(IMeterFactory meters, MetricStore store, GatewayInstruments instruments, FleetMetrics fleet, OpenConnections connections) : IHostedService
    {
        public Task StartAsync(CancellationToken cancellationToken)
        {
            store.Listen(meters);
            GC.KeepAlive(instruments);
            GC.KeepAlive(fleet);
            GC.KeepAlive(connections);
            return Task.CompletedTask;
        }

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
