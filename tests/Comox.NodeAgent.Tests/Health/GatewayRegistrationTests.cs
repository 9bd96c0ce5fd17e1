using System.Text.Json;
using System.Threading.Channels;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;

namespace Comox.NodeAgent.Tests.Health;

public sealed class GatewayRegistrationTests
{
    private const string Own = "http://127.0.0.1:9";

    [Fact]
    public async Task It_says_where_it_is_and_again_before_its_lease_is_over()
    {
        var time = new FakeTimeProvider();
        await using var gateway = await Gateway.StartAsync();
        gateway.Status = 503;
        await using var agent = await RunningAgent.StartAsync(Settings(gateway.Address, Own), time);

        // While it is refused it asks again soon; then a third of the lease goes by.
        Assert.Equal((Own, $"Bearer {RunningAgent.ServiceKey}"), await gateway.NextAsync());
        gateway.Status = 200;
        await AdvanceAsync(time, TimeSpan.FromSeconds(2.1), gateway);
        await AdvanceAsync(time, TimeSpan.FromSeconds(10.1), gateway);
    }

    [Fact]
    public async Task Without_its_own_address_it_does_not_start()
    {
        var problem = await Assert.ThrowsAsync<OptionsValidationException>(() => RunningAgent.StartAsync(Settings("http://127.0.0.1:1", null)));
        Assert.Contains("Comox:NodeAgent:Address must be this agent's own address", problem.Message);
        problem = await Assert.ThrowsAsync<OptionsValidationException>(() => RunningAgent.StartAsync(Settings("gateway", Own)));
        Assert.Contains("Comox:NodeAgent:Gateways:0 must be the http or https address of a gateway", problem.Message);
    }

    private static Dictionary<string, string?> Settings(string gateway, string? own) => new()
    {
        ["Comox:NodeAgent:Gateways:0"] = gateway, ["Comox:NodeAgent:Address"] = own, ["Comox:NodeAgent:EnginePath"] = "/nowhere/llama-server",
    };

    // The wait begins on another thread after the answer, so the clock is moved until it has.
    private static async Task AdvanceAsync(FakeTimeProvider time, TimeSpan wait, Gateway gateway)
    {
        var next = gateway.NextAsync();
        while (await Task.WhenAny(next, Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System)) != next)
            time.Advance(wait);
        Assert.Equal(Own, (await next).Address);
    }

    private sealed class Gateway(WebApplication app) : IAsyncDisposable
    {
        private readonly Channel<(string Address, string Authorization)> _calls = Channel.CreateUnbounded<(string, string)>();

        public int Status { get; set; } = 200;
        public string Address => app.Urls.First();

        public static async Task<Gateway> StartAsync()
        {
            var builder = WebApplication.CreateBuilder();
            builder.Logging.ClearProviders();
            builder.WebHost.UseUrls("http://127.0.0.1:0");
            var gateway = new Gateway(builder.Build());
            await gateway.RunAsync();
            return gateway;
        }

        public Task<(string Address, string Authorization)> NextAsync() => _calls.Reader.ReadAsync().AsTask();

        public ValueTask DisposeAsync() => app.DisposeAsync();

        private Task RunAsync()
        {
            app.MapPost("/gateway/nodes", async (HttpContext http) =>
            {
                var body = await http.Request.ReadFromJsonAsync<JsonElement>();
                var status = Status;
                http.Response.StatusCode = status;
                if (status == 200)
                    await http.Response.WriteAsJsonAsync(new { lease_seconds = 30 });
                await _calls.Writer.WriteAsync((body.GetProperty("address").GetString()!, http.Request.Headers.Authorization.ToString()));
            });
            return app.StartAsync();
        }
    }
}
