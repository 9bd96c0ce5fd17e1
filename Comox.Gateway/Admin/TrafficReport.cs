using Comox.Gateway.Backends;
using Comox.Gateway.Diagnostics;
using Comox.Gateway.Forwarding;
using Comox.Gateway.LoadBalancing;
using Comox.ServiceDefaults.Contracts.Gateway;

namespace Comox.Gateway.Admin;

/// <summary>Who is connected, what is carried to them, and how the engines say they are. Reads counters; asks nobody.</summary>
internal sealed class TrafficReport(OpenConnections connections, RelayGauge relays, TelemetryScraper scraper, TimeProvider time)
{
    public TrafficStatus Traffic() => new()
    {
        OpenConnections = connections.Count,
        Relayed = new RelayedReplies { Linux = relays.Linux, Portable = relays.Portable },
    };

    public IReadOnlyList<EngineTelemetry> Telemetry() =>
    [
        .. scraper.Engines.SelectMany(engine => engine.Backends.Select(backend => Of(backend, engine.Fault)))
            .OrderBy(entry => entry.Model, StringComparer.Ordinal).ThenBy(entry => entry.Backend, StringComparer.Ordinal),
    ];

    private EngineTelemetry Of(Backend backend, string? fault)
    {
        var now = time.GetTimestamp();
        var said = backend.Load.Telemetry;
        return new EngineTelemetry
        {
            Model = backend.Model.Name,
            Backend = backend.Id,
            AgeSeconds = said is null ? null : time.GetElapsedTime(said.Timestamp, now).TotalSeconds,
            Used = backend.Load.Foreign(now) is not null,
            Running = said?.Running,
            Waiting = said?.Waiting,
            KvUsage = said?.KvUsage,
            PrefixHitRatio = said is { PrefixTokens: > 0 and var tokens, PrefixHits: { } hits } ? Math.Min(1, (double)hits / tokens) : null,
            Fault = fault,
        };
    }
}
