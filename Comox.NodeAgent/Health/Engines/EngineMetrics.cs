using System.Diagnostics.Metrics;
using System.Text;
using Comox.NodeAgent.Health.Gpus;
using Comox.ServiceDefaults.Contracts.Nodes;
using Microsoft.Extensions.Options;

namespace Comox.NodeAgent.Health.Engines;

/// <summary>A figure of an engine as a metric.</summary>
/// <param name="Name">In Prometheus.</param>
/// <param name="Help">What it says.</param>
/// <param name="Read">The figure; null: unknown, so it is not told.</param>
internal sealed record EngineGauge(string Name, string Help, Func<EngineStatus, double?> Read)
{
    /// <summary>A label of its own.</summary>
    public Func<EngineStatus, KeyValuePair<string, object?>>? Label { get; init; }
}

/// <summary>The engines' figures, as instruments beside those of the cards and at <c>GET /node/metrics</c>. docs/metrics.md has the same list; a test compares the two.</summary>
internal sealed class EngineMetrics(IMeterFactory meters, NodeStatusBoard board, IOptions<NodeAgentOptions> options)
{
    public static IReadOnlyList<EngineGauge> All { get; } =
    [
        new("comox_node_engine_tokens_per_second", "Tokens written, all requests together, over the last second of writing.", engine => engine.TokensPerSecond),
        new("comox_node_engine_expected_tokens_per_second", "What it has shown that it can do under the same load.", engine => engine.ExpectedTokensPerSecond),
        new("comox_node_engine_in_flight", "Requests it works on.", engine => engine.InFlight),
        new("comox_node_engine_waiting", "Requests that wait for it to be loaded.", engine => engine.Waiting),
        new("comox_node_engine_restarts", "Times it was started again after a crash or because it hung.", engine => engine.Restarts),
        new("comox_node_engine_health", "1, with what is thought of the engine as a label.", _ => 1) { Label = engine => new("health", engine.Health) },
    ];

    public void Begin()
    {
        var meter = meters.Create(GpuMetrics.Meter);
        foreach (var gauge in All)
            meter.CreateObservableGauge(gauge.Name, () => Measure(gauge).Select(value => new Measurement<double>(value.Value, value.Labels)), unit: null, gauge.Help);
    }

    public void Append(StringBuilder page)
    {
        foreach (var gauge in All)
            PrometheusPage.Append(page, gauge.Name, gauge.Help, Measure(gauge));
    }

    private IEnumerable<LabelledValue> Measure(EngineGauge gauge) =>
        from engine in board.Current.Engines
        let value = gauge.Read(engine)
        where value is not null
        select new LabelledValue(value.Value, [.. Labels(engine).Concat(gauge.Label is { } label ? [label(engine)] : [])]);

    private IEnumerable<KeyValuePair<string, object?>> Labels(EngineStatus engine)
    {
        yield return new("engine", engine.Id);
        yield return new("model", engine.Model?.Name ?? "");
        yield return new("Hostname", options.Value.Name);
    }
}
