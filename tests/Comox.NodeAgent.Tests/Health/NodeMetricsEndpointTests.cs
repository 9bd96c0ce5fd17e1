using System.Net;
using System.Text.RegularExpressions;
using Comox.NodeAgent.Health.Engines;
using Comox.ServiceDefaults.Contracts.Nodes;
using Comox.TestKit;

namespace Comox.NodeAgent.Tests.Health;

public sealed class NodeMetricsEndpointTests
{
    [Fact]
    public async Task Metrics_of_cards_and_engines_want_the_nodes_key_and_are_Prometheus_text()
    {
        await using var agent = await RunningAgent.StartAsync(new() { ["Comox:NodeAgent:EnginePath"] = "/nowhere" });
        await agent.UntilAsync(EngineStates.Failed);
        using var stranger = agent.Client(key: null);

        using var refused = await stranger.GetAsync("node/metrics");
        using var answer = await agent.Http.GetAsync("node/metrics");

        Assert.Equal(HttpStatusCode.Unauthorized, refused.StatusCode);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal("text/plain; version=0.0.4; charset=utf-8", answer.Content.Headers.ContentType?.ToString());
        var lines = (await answer.Content.ReadAsStringAsync()).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.All(lines, line => Assert.Matches("^(# |DCGM_FI_DEV_|comox_node_gpu_|comox_node_engine_)", line));
        Assert.Contains($"comox_node_engine_health{{engine=\"chat\",model=\"\",Hostname=\"{Environment.MachineName}\",health=\"ok\"}} 1", lines);
    }

    [Fact]
    public void Every_metric_of_engines_is_in_the_documentation()
    {
        var documented = Regex.Matches(File.ReadAllText(Path.Combine(Repository.Root, "docs", "metrics.md")), @"^\| `(comox_node_engine_\w+)` \|", RegexOptions.Multiline).Select(match => match.Groups[1].Value);
        Assert.Equal(EngineMetrics.All.Select(gauge => gauge.Name).Order(), documented.Order());
    }
}
