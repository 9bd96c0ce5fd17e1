using System.Net;
using System.Text;
using Comox.FakeBackend;
using Comox.ServiceDefaults.Clients;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace Comox.Gateway.Tests;

/// <summary>SIGTERM, as Kubernetes sends it, to the real process.</summary>
[Collection(AloneCollection.Name)]
public sealed class GracefulStopTests
{
    [Fact]
    public async Task Readiness_drops_first_then_the_door_closes_and_a_stream_in_flight_ends_whole()
    {
        await using var node = await FakeBackendServer.StartAsync(TestService.ServiceKey, new() { HoldAfter = 3 });
        using var home = new TempHome();
        // As Kubernetes is best served: a delay until nobody sends any more, then all the time that a long answer needs.
        await using var child = GatewayProcess.Start(home, node, ("DrainDelay", "00:00:05"), ("DrainTimeout", "00:01:00"));
        using var http = GatewayProcess.ClientOf(await child.WaitForAddressAsync());
        await GatewayProcess.IsReadyAsync(http);
        var ready = (await http.GetAsync("/health")).StatusCode;
        using var stream = await ChatAsync(http);
        await node.NextRequestAsync();

        await child.TerminateAsync();
        await Eventually.IsTrueAsync(async () => (await http.GetAsync("/health")).StatusCode == HttpStatusCode.ServiceUnavailable, "readiness drops");
        var status = await new GatewayAdminClient(http).GetStatusAsync();
        node.Script = new();
        using var late = await ChatAsync(http);
        var lateAnswer = await late.Content.ReadAsStringAsync();
        await Eventually.IsTrueAsync(() => IsClosedAsync(http.BaseAddress!), "nobody new is let in");
        Assert.False(child.HasExited);
        node.Release();

        Assert.Equal(HttpStatusCode.OK, ready);
        Assert.Equal((true, 1), (status.Value!.Draining, status.Value.Ledger.ActiveRequests));
        Assert.EndsWith("data: [DONE]\n\n", lateAnswer);
        Assert.EndsWith("data: [DONE]\n\n", await stream.Content.ReadAsStringAsync());
        Assert.Equal(0, await child.ExitAsync());
    }

    [Fact]
    public async Task A_stream_that_takes_longer_than_it_may_ends_with_an_error_and_the_process_with_it()
    {
        await using var node = await FakeBackendServer.StartAsync(TestService.ServiceKey, new() { HangAfter = 3 });
        using var home = new TempHome();
        await using var child = GatewayProcess.Start(home, node, ("DrainDelay", "00:00:00"), ("DrainTimeout", "00:00:00.300"));
        using var http = GatewayProcess.ClientOf(await child.WaitForAddressAsync());
        await GatewayProcess.IsReadyAsync(http);
        using var stream = await ChatAsync(http);
        await node.NextRequestAsync();

        await child.TerminateAsync();

        Assert.Contains("The gateway is stopping", await stream.Content.ReadAsStringAsync());
        Assert.Equal(0, await child.ExitAsync());
    }

    [Theory]
    [InlineData("00:00:05", "00:10:00", 608)]
    [InlineData("00:00:00", "00:00:02", 8)]
    [InlineData("00:00:00", "soon", 8)]
    public void The_host_waits_at_least_as_long_as_streams_may_take(string delay, string timeout, int seconds)
    {
        var configuration = new Microsoft.Extensions.Configuration.ConfigurationManager { ["Comox:Gateway:DrainDelay"] = delay, ["Comox:Gateway:DrainTimeout"] = timeout };
        var host = new HostOptions { ShutdownTimeout = TimeSpan.FromSeconds(8) };

        new HostPatience(configuration).PostConfigure(null, host);

        Assert.Equal(TimeSpan.FromSeconds(seconds), host.ShutdownTimeout);
    }

    [Fact]
    public async Task The_host_of_the_gateway_is_told_to_wait()
    {
        await using var gateway = await GatewayUnderTest.StartAsync(
            change: builder => builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromSeconds(8)), settings: ("DrainTimeout", "00:02:00"));

        Assert.Equal(TimeSpan.FromSeconds(123), gateway.Service.Services.GetRequiredService<IOptions<HostOptions>>().Value.ShutdownTimeout);
    }

    private static async Task<HttpResponseMessage> ChatAsync(HttpClient http)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, "/v1/chat/completions") { Content = new StringContent(Chat.Streamed, Encoding.UTF8, "application/json") };
        return await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
    }

    // A connection of its own: one that is kept alive shows nothing of the door.
    private static async Task<bool> IsClosedAsync(Uri address)
    {
        using var fresh = GatewayProcess.ClientOf(address);
        try
        {
            using var answer = await fresh.GetAsync("/alive");
            return false;
        }
        catch (HttpRequestException)
        {
            return true;
        }
    }
}
