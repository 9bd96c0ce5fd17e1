using System.Net;
using Comox.ServiceDefaults.Contracts.Nodes;

namespace Comox.NodeAgent.Tests.Health;

public sealed class GpuMetricsEndpointTests
{
    [Fact]
    public async Task Metrics_of_the_cards_want_the_nodes_key_and_are_Prometheus_text()
    {
        await using var agent = await RunningAgent.StartAsync(new() { ["Comox:NodeAgent:EnginePath"] = "/nowhere" });
        await agent.UntilAsync(EngineStates.Failed);
        using var stranger = agent.Client(key: null);

        using var refused = await stranger.GetAsync("node/metrics");
        using var answer = await agent.Http.GetAsync("node/metrics");

        Assert.Equal(HttpStatusCode.Unauthorized, refused.StatusCode);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal("text/plain; version=0.0.4; charset=utf-8", answer.Content.Headers.ContentType?.ToString());
        Assert.All((await answer.Content.ReadAsStringAsync()).Split('\n', StringSplitOptions.RemoveEmptyEntries), line => Assert.Matches("^(# |DCGM_FI_DEV_|comox_node_gpu_)", line));
    }
}
