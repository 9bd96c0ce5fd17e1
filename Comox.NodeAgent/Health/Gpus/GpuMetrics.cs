using System.Diagnostics.Metrics;
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

    /// <summary>Adds nothing without a card.</summary>
    public void Append(StringBuilder page)
    {
        foreach (var figure in GpuFigures.All)
            PrometheusPage.Append(page, figure.Name, figure.Help, Measure(figure));
    }

    private IEnumerable<LabelledValue> Measure(GpuFigure figure) =>
        from card in Volatile.Read(ref _cards)()
        let value = figure.Read(card)
        where value is not null
        select new LabelledValue(value.Value, [.. GpuFigures.Labels(options.Value.Name, card).Concat(figure.Label is { } label ? [label(card)] : [])]);
}
