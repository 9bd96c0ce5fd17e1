using System.Text;
using Comox.Gateway.Forwarding;
using Comox.Gateway.LoadBalancing;
using Comox.Gateway.OpenAI;
using Comox.Gateway.Routing;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;

namespace Comox.Gateway.Tests;

/// <summary>When the comments in a silence come, to the second.</summary>
public sealed class StreamingSinkTests
{
    private static readonly byte[] Word = Encoding.UTF8.GetBytes("""data: {"choices":[{"index":0,"delta":{"content":"Hi"}}]}""" + "\n\n");

    [Fact]
    public async Task A_silence_is_as_long_as_it_may_be_whenever_it_began()
    {
        var time = new FakeTimeProvider();
        using var client = new SlowClient(time);
        await using var gateway = await GatewayUnderTest.StartAsync();
        await using var exchange = Begun(gateway, client, time);
        using var attempt = exchange.Attempt;
        exchange.Sink = new StreamingSink(exchange, gateway.Service.Services.GetRequiredService<LoadNews>(), new GatewayOptions { KeepAliveInterval = TimeSpan.FromSeconds(10) }, time);

        time.Advance(TimeSpan.FromSeconds(3));
        await exchange.Sink.WriteAsync(SseEvent.Of(Word));
        await exchange.Sink.FlushAsync();
        time.Advance(TimeSpan.FromSeconds(9.9));
        Assert.Equal(0, client.Pings);

        for (var pings = 1; pings <= 5; pings++)
        {
            time.Advance(TimeSpan.FromSeconds(0.2));
            Assert.Equal(pings, client.Pings);
            time.Advance(TimeSpan.FromSeconds(9.8));
            Assert.Equal(pings, client.Pings);
        }
    }

    private static Exchange Begun(GatewayUnderTest gateway, Stream client, TimeProvider time)
    {
        var http = new DefaultHttpContext();
        http.Response.Body = client;
        Assert.Null(ChatRequestReader.Read(Encoding.UTF8.GetBytes(Chat.Streamed), out var request));
        var pool = gateway.Service.Services.GetRequiredService<RouteTable>().Current.Fleet.Pools.Single();
        var exchange = new Exchange(http, request!, "req_1", time, CancellationToken.None) { Route = new ModelRoute(pool.Model, pool.Details.Profile, null) };
        exchange.Attempt = gateway.Service.Services.GetRequiredService<BackendChooser>().TryBegin(exchange, pool, panic: false)!;
        return exchange;
    }

    /// <summary>Every flush takes it a moment, as it does on a network.</summary>
    private sealed class SlowClient(FakeTimeProvider time) : MemoryStream
    {
        public int Pings => Encoding.UTF8.GetString(ToArray()).Split(": ping\n\n").Length - 1;

        public override Task FlushAsync(CancellationToken cancellationToken)
        {
            time.Advance(TimeSpan.FromMilliseconds(1));
            return Task.CompletedTask;
        }
    }
}
