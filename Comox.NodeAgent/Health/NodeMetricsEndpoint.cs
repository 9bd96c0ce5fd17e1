using System.Text;
using Comox.NodeAgent.Health.Engines;
using Comox.NodeAgent.Health.Gpus;

namespace Comox.NodeAgent.Health;

/// <summary><c>GET /node/metrics</c>: the cards and the engines.</summary>
internal static class NodeMetricsEndpoint
{
    public static void MapNodeMetrics(this IEndpointRouteBuilder node) => node.MapGet("/metrics", (GpuMetrics cards, EngineMetrics engines) =>
    {
        var page = new StringBuilder();
        cards.Append(page);
        engines.Append(page);
        return TypedResults.Text(page.ToString(), "text/plain; version=0.0.4; charset=utf-8");
    });
}
