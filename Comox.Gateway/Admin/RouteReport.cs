using System.Globalization;
using Comox.Gateway.Backends;
using Comox.Gateway.CircuitBreaking;
using Comox.Gateway.Routing;
using Comox.ServiceDefaults.Contracts.Gateway;
using Comox.ServiceDefaults.Contracts.Nodes;
using Microsoft.Extensions.Options;

namespace Comox.Gateway.Admin;

/// <summary>Every route with its backends, and what the next decision would know of each.</summary>
internal sealed class RouteReport(RouteTable table, IOptions<GatewayOptions> options, TimeProvider time)
{
    public RouteList Make()
    {
        var routes = table.Current;
        var characters = routes.FindDefault(options.Value.DefaultModel);
        return new([.. routes.Routes.Select(route => Of(route) with { Characters = ReferenceEquals(route, characters) })]);
    }

    private RouteStatus Of(ModelRoute route) => new()
    {
        Model = route.Model,
        Policy = route.Policy.Name,
        MaxAttempts = route.Options.MaxAttempts,
        Ready = route.IsReady,
        Pools = [.. route.Pools.Select(pool => new PoolStatus(pool.Name, [.. pool.Backends.Select(Of)]))],
    };

    private BackendStatus Of(Backend backend)
    {
        var now = time.GetTimestamp();
        var (load, circuit) = (backend.Load, backend.Circuit);
        var state = circuit.State;
        return new BackendStatus
        {
            Id = backend.Id,
            Kind = backend.Kind,
            // Validation lets no user and no query through; this does not rely on it.
            Address = backend.BaseAddress.GetComponents(UriComponents.SchemeAndServer | UriComponents.Path, UriFormat.UriEscaped),
            Ready = backend.IsReady,
            Reason = backend.IsReady ? null : backend.NodeReachable ? backend.Engine?.Reason : "Its node cannot be reached.",
            Well = backend.IsWell,
            NotWell = WhyNotWell(backend, now),
            Health = backend.Engine?.Health,
            TokenGapSeconds = load.Pulse.Gap is var gap && double.IsNaN(gap) ? null : gap,
            Weight = load.Weight,
            Ramp = circuit.Ramp,
            Circuit = NameOf(state),
            OpenForSeconds = state == CircuitState.Open ? circuit.OpenFor.TotalSeconds : null,
            Slots = load.Slots,
            InFlight = load.InFlight,
            InFlightDecoding = load.Decoding,
            OutstandingPromptTokens = load.PromptTokens,
            OutstandingOutputTokens = load.OutputTokens,
            FirstTokenSeconds = load.FirstTokenSeconds(now) is var seconds && double.IsNaN(seconds) ? null : seconds,
            PrefillTokensPerSecond = load.PrefillRate,
            TelemetryAgeSeconds = load.Foreign(now) is { } foreign ? time.GetElapsedTime(foreign.Telemetry.Timestamp, now).TotalSeconds : null,
        };
    }

    private static string? WhyNotWell(Backend backend, long now) => backend switch
    {
        { IsWell: true } => null,
        { Engine: { Health: Healths.Ejected } engine } => string.Join(' ', engine.HealthReasons.DefaultIfEmpty("Its node agent has taken it out.")),
        { Node: { IsQuiet: true } node } => string.Create(CultureInfo.InvariantCulture, $"Nothing has been heard of its node for {node.Silence(now).TotalSeconds:0.0} s."),
        _ => "Its tokens come much slower than usual, or not at all.",
    };

    private static string NameOf(CircuitState state) => state switch
    {
        CircuitState.Open => "open",
        CircuitState.HalfOpen => "half-open",
        _ => "closed",
    };
}
