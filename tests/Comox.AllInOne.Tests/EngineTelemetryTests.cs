using System.Net.Http.Headers;
using Comox.ServiceDefaults.Clients;
using Comox.ServiceDefaults.Contracts.Gateway;
using Comox.TestKit;

namespace Comox.AllInOne.Tests;

/// <summary>What the real llama-server says of its load, through the node agent and with its key.</summary>
[Collection(nameof(OneMachine))]
public sealed class EngineTelemetryTests(OneMachine machine)
{
    [Fact]
    public async Task The_gateway_hears_how_the_engine_is()
    {
        using var http = new HttpClient { BaseAddress = await machine.Comox.PageAsync() };
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", AllInOneProcess.AdminKey);
        var admin = new GatewayAdminClient(http);
        EngineTelemetry? said = null;

        await Eventually.IsTrueAsync(
            async () => (said = (await admin.GetStatusAsync()).Value!.Telemetry.SingleOrDefault(entry => entry.Model == "keepsake")) is { AgeSeconds: not null }, "the engine has been asked");

        Assert.Equal((true, null), (said!.Used, said.Fault));
        Assert.NotNull(said.Running);
        Assert.NotNull(said.Waiting);
        Assert.InRange(said.KvUsage!.Value, 0, 1);
    }
}
