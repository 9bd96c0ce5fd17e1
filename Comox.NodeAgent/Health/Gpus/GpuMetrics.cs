using System.Diagnostics.Metrics;
using System.Globalization;
using System.Text;
using Comox.ServiceDefaults.Contracts.Nodes;
using Microsoft.Extensions.Options;

namespace Comox.NodeAgent.Health.Gpus;

/// <summary>
/// The cards' figures, as instruments of the meter <c>Comox.NodeAgent</c> (OTLP; in one process also on the gateway's <c>/metrics</c>) and, for a node of its own,
/// at <c>GET /node/metrics</c>. Nothing exists until there is a card.
/// </summary>
internal sealed class GpuMetrics(IMeterFactory meters, IOptions<NodeAgentOptions> options)
{
    public const string Meter = "Comox.NodeAgent";

    private Func<IReadOnlyList<GpuStatus>> _cards = () => [];

    /// <param name="cards">The newest readings.</param>
    public void Begin(Func<IReadOnlyList<GpuStatus>> cards)
    {
        Volatile.Write(ref _cards, cards);
        var meter = meters.Create(Meter);
        foreach (var figure in GpuFigures.All)
            meter.CreateObservableGauge(figure.Name, () => Measure(figure).Select(value => new Measurement<double>(value.Value, value.Labels)), unit: null, figure.Help);
    }

    /// <summary>Prometheus' text format 0.0.4; empty without a card.</summary>
    public string Text()
    {
        var text = new StringBuilder();
        foreach (var figure in GpuFigures.All)
        {
            var values = Measure(figure).ToList();
            if (values.Count == 0)
                continue;
            text.Append(CultureInfo.InvariantCulture, $"# HELP {figure.Name} {figure.Help}\n# TYPE {figure.Name} gauge\n");
            foreach (var (value, labels) in values)
                text.Append(CultureInfo.InvariantCulture, $"{figure.Name}{{{string.Join(',', labels.Select(label => $"{label.Key}=\"{Escape((string)label.Value!)}\""))}}} {value:R}\n");
        }

        return text.ToString();
    }

    private IEnumerable<(double Value, List<KeyValuePair<string, object?>> Labels)> Measure(GpuFigure figure) =>
        from card in Volatile.Read(ref _cards)()
        let value = figure.Read(card)
        where value is not null
        select (value.Value, GpuFigures.Labels(options.Value.Name, card).Concat(figure.Label is { } label ? [label(card)] : []).ToList());

    private static string Escape(string label) => label.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal);
}

internal static class GpuMetricsEndpoint
{
    public static void MapGpuMetrics(this IEndpointRouteBuilder node) =>
        node.MapGet("/metrics", (GpuMetrics metrics) => TypedResults.Text(metrics.Text(), "text/plain; version=0.0.4; charset=utf-8"));
}
