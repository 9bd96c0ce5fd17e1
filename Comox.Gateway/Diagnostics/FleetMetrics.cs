using System.Diagnostics.Metrics;
using Comox.Gateway.Backends;

namespace Comox.Gateway.Diagnostics;

/// <summary>What the gateway knows of its backends when it is asked. It reads the snapshot and asks no node.</summary>
internal sealed class FleetMetrics
{
    private readonly Fleet _fleet;
    private readonly GatewayTelemetry _telemetry;

    public FleetMetrics(IMeterFactory meters, Fleet fleet, GatewayTelemetry telemetry)
    {
        (_fleet, _telemetry) = (fleet, telemetry);
        meters.Create(GatewayInstruments.Meter).CreateObservableGauge("comox.gateway.backends", Count, "{backend}", "Backends by model; comox.state is ready or unready.");
    }

    private IEnumerable<Measurement<long>> Count() =>
        from pool in _fleet.Current.Pools
        let model = _telemetry.Models.Bound(pool.Model)
        group pool by model into pools
        let ready = pools.Sum(pool => pool.Ready.Length)
        from measured in new[]
        {
            Of(pools.Key, "ready", ready),
            Of(pools.Key, "unready", pools.Sum(pool => pool.Backends.Length) - ready),
        }
        select measured;

    private static Measurement<long> Of(string model, string state, long count) => new(count, new("gen_ai.request.model", model), new("comox.state", state));
}
