using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using Comox.NodeAgent.Supervision;
using Comox.ServiceDefaults.Contracts.Nodes;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Comox.NodeAgent.Tests.Engines;

public sealed class EngineProxyTests
{
    [Fact]
    public async Task A_request_larger_than_the_server_takes_elsewhere_reaches_the_engine_whole()
    {
        const int Size = 31_000_000; // Kestrel's own limit is 30,000,000.
        await using var engine = await LocalServer.StartAsync(async context =>
        {
            context.Features.Get<IHttpMaxRequestBodySizeFeature>()!.MaxRequestBodySize = null;
            var buffer = new byte[1 << 16];
            long received = 0;
            while (await context.Request.Body.ReadAsync(buffer) is var read and > 0)
                received += read;
            await context.Response.WriteAsync(received.ToString(CultureInfo.InvariantCulture));
        });
        await using var agent = await RunningAgent.StartAsync(new() { ["Comox:NodeAgent:EnginePath"] = "/nowhere" });
        await agent.UntilAsync(EngineStates.Failed);
        agent.Engine.Endpoint = new EngineEndpoint(engine.Address.Port, "key");
        agent.Engine.Traffic.Open();

        using var response = await agent.Http.PostAsync("node/engines/chat/proxy/v1/chat/completions", new ByteArrayContent(new byte[Size]));

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(Size.ToString(CultureInfo.InvariantCulture), await response.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task A_request_never_goes_on_a_connection_that_the_engine_may_just_be_closing()
    {
        var connections = new ConcurrentBag<string>();
        await using var engine = await LocalServer.StartAsync(async context =>
        {
            connections.Add(context.Connection.Id);
            await context.Response.WriteAsync("{}");
        });
        await using var agent = await RunningAgent.StartAsync(new() { ["Comox:NodeAgent:EnginePath"] = "/nowhere" });
        await agent.UntilAsync(EngineStates.Failed);
        agent.Engine.Endpoint = new EngineEndpoint(engine.Address.Port, "key");
        agent.Engine.Traffic.Open();

        for (var request = 0; request < 3; request++)
        {
            using var response = await agent.Http.PostAsync("node/engines/chat/proxy/v1/chat/completions", new StringContent("{}"));
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        }

        Assert.Equal(3, connections.Distinct().Count());
    }
}
