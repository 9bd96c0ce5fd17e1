using System.Net;
using Comox.Gateway.CircuitBreaking;
using Comox.Gateway.LoadBalancing;
using Comox.Gateway.Routing;
using Comox.ServiceDefaults.Contracts.OpenAI;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Comox.Gateway.Tests.Admin;

/// <summary>Settings that change while requests come and go.</summary>
public sealed class ReloadTests
{
    [Fact]
    public async Task A_route_that_is_added_is_usable_at_once_and_one_that_is_taken_away_is_unknown()
    {
        await using var live = await LiveGateway.StartAsync(it => LiveGateway.Routes(LiveGateway.Route("one", ("a", it.A))));
        using var before = await live.ChatAsync("two");

        live.Write(LiveGateway.Routes(LiveGateway.Route("two", ("b", live.B))));
        var reloaded = await live.Admin.ReloadAsync();
        using var two = await live.ChatAsync("two");
        using var one = await live.ChatAsync("one");

        Assert.Equal(HttpStatusCode.NotFound, before.StatusCode);
        Assert.Equal((2, 0), (reloaded.Value!.Revision, reloaded.Value.Faults.Count));
        Assert.EndsWith("data: [DONE]\n\n", await two.Content.ReadAsStringAsync());
        Assert.Equal((404, ErrorCodes.ModelNotFound), (await one.ErrorAsync()) is var error ? (error.Status, error.Code) : default);
        Assert.Equal((0, 1), (live.A.Requests.Count, live.B.Requests.Count));
    }

    [Fact]
    public async Task A_stream_of_a_route_that_is_taken_away_ends_whole_and_is_counted_until_then()
    {
        await using var live = await LiveGateway.StartAsync(it => LiveGateway.Routes(LiveGateway.Route("one", ("a", it.A))));
        live.A.Script = new() { HoldAfter = 3 };
        using var response = await live.ChatAsync("one");
        await live.A.NextRequestAsync();

        live.Write(LiveGateway.Routes());
        Assert.True((await live.Admin.ReloadAsync()).IsSuccess);
        var during = (await live.Admin.GetStatusAsync()).Value!.Ledger;
        live.A.Release();
        var answer = await response.Content.ReadAsStringAsync();
        await Eventually.IsTrueAsync(async () => (await live.Admin.GetStatusAsync()).Value!.Ledger.InFlight == 0, "the stream is over");
        await live.Admin.ReloadAsync();

        Assert.Equal((1, 1), (during.ActiveRequests, during.Backends.Single(entry => entry.Model == "one").InFlight));
        Assert.Equal("Hello from the fake.", Chat.TextOf(Chat.Events(answer)));
        Assert.EndsWith("data: [DONE]\n\n", answer);
        Assert.DoesNotContain((await live.Admin.GetStatusAsync()).Value!.Ledger.Backends, entry => entry.Model == "one");
    }

    [Fact]
    public async Task A_change_that_is_not_valid_is_refused_whole_and_every_fault_names_its_key()
    {
        await using var live = await LiveGateway.StartAsync(it => LiveGateway.Routes(LiveGateway.Route("one", ("a", it.A))));

        live.Write($$"""{"Routes":[{{LiveGateway.Route("two", ("b", live.B))}},{"Model":"three","MaxAttempts":0}],"FleetRoute":{"TotalTimeout":"00:00:00"},"Keys":[{"Name":"ann","Key":"short"}]}""");
        var reloaded = await live.Admin.ReloadAsync();
        using var one = await live.ChatAsync("one");
        using var two = await live.ChatAsync("two");
        var status = (await live.Admin.GetStatusAsync()).Value!;

        string[] keys = ["Comox:Gateway:Routes:1:Pools ", "Comox:Gateway:Routes:1:MaxAttempts ", "Comox:Gateway:FleetRoute:TotalTimeout ", "Comox:Gateway:Keys:0:Key "];
        Assert.Equal((400, ErrorCodes.InvalidSettings), (reloaded.Error!.Status, reloaded.Error.Code));
        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.NotFound), (one.StatusCode, two.StatusCode));
        Assert.Equal((1, 4), (status.Settings.Revision, status.Settings.Faults.Count));
        var logged = Assert.Single(live.Gateway.Log.Lines, line => line.Level == LogLevel.Error).Message;
        Assert.All(keys, key =>
        {
            Assert.Contains(key, reloaded.Error.Message);
            Assert.Contains(key, logged);
            Assert.Contains(status.Settings.Faults, fault => fault.StartsWith(key, StringComparison.Ordinal));
        });
        Assert.DoesNotContain("short", reloaded.Error.Message);
    }

    [Fact]
    public async Task Two_pools_whose_servers_cannot_be_told_apart_are_refused()
    {
        await using var live = await LiveGateway.StartAsync(it => LiveGateway.Routes(LiveGateway.Route("one", ("a", it.A))));

        live.Write($$$"""{"Routes":[{"Model":"one","Pools":[{"Backends":[{"Name":"main","Url":"{{{live.A.Address}}}v1"}]},{"Backends":[{"Name":"main","Url":"{{{live.B.Address}}}v1"}]}]}]}""");
        var reloaded = await live.Admin.ReloadAsync();
        using var one = await live.ChatAsync("one");

        Assert.Equal((400, ErrorCodes.InvalidSettings), (reloaded.Error!.Status, reloaded.Error.Code));
        Assert.Contains("Comox:Gateway:Routes:0:Pools:1 has a backend 'main', as Comox:Gateway:Routes:0:Pools:0 has", reloaded.Error.Message);
        Assert.Equal(HttpStatusCode.OK, one.StatusCode);

        live.Write($$$"""{"Routes":[{"Model":"one","Pools":[{"Name":"x","Backends":[{"Name":"main","Url":"{{{live.A.Address}}}v1"}]},{"Name":"y","Backends":[{"Name":"main","Url":"{{{live.B.Address}}}v1"}]}]}]}""");
        Assert.True((await live.Admin.ReloadAsync()).IsSuccess);
    }

    [Fact]
    public async Task A_fault_in_what_needs_a_restart_is_told_and_takes_nothing_away()
    {
        await using var live = await LiveGateway.StartAsync(it => LiveGateway.Routes(LiveGateway.Route("one", ("a", it.A))));

        live.Write($$"""{"MaxRequestBytes":1,"Routes":[{{LiveGateway.Route("two", ("b", live.B))}}]}""");
        var reloaded = await live.Admin.ReloadAsync();
        using var one = await live.ChatAsync("one");

        Assert.Equal((400, ErrorCodes.InvalidSettings), (reloaded.Error!.Status, reloaded.Error.Code));
        Assert.Contains("Comox:Gateway:MaxRequestBytes must be", reloaded.Error.Message);
        Assert.Equal(HttpStatusCode.OK, one.StatusCode);
    }

    [Fact]
    public async Task A_key_that_is_replaced_opens_nothing_any_more()
    {
        await using var live = await LiveGateway.StartAsync(_ => """{"Keys":[{"Name":"ann","Key":"sk-ann-0123456789-old"}]}""");
        using var old = live.Gateway.Service.CreateClient("sk-ann-0123456789-old");
        using var next = live.Gateway.Service.CreateClient("sk-ann-0123456789-new");
        var before = (await old.GetAsync("/v1/models")).StatusCode;

        live.Write("""{"Keys":[{"Name":"ann","Key":"sk-ann-0123456789-new"}]}""");
        await live.Admin.ReloadAsync();

        Assert.Equal(HttpStatusCode.OK, before);
        Assert.Equal(HttpStatusCode.Unauthorized, (await old.GetAsync("/v1/models")).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await next.GetAsync("/v1/models")).StatusCode);
    }

    [Fact]
    public async Task What_is_known_of_a_backend_outlives_a_change_that_leaves_it()
    {
        await using var live = await LiveGateway.StartAsync(it => LiveGateway.Routes(LiveGateway.Route("one", ("a", it.A), ("b", it.B))), others: ("Circuit:ConsecutiveFailures", "1"));
        live.A.Script = new() { FailWithStatus = 500 };
        live.B.Script = new() { HoldAfter = 3 };
        using var response = await live.ChatAsync("one");

        live.Write(LiveGateway.Routes(LiveGateway.Route("other", ("a", live.A)), LiveGateway.Route("one", ("a", live.A), ("b", live.B))));
        await live.Admin.ReloadAsync();

        var pools = (await live.Admin.GetRoutesAsync()).Value!.Data.Single(route => route.Model == "one").Pools;
        Assert.Equal(("open", 0), (pools[0].Backends[0].Circuit, pools[0].Backends[0].InFlight));
        Assert.Equal(("closed", 1), (pools[1].Backends[0].Circuit, pools[1].Backends[0].InFlight));
        live.B.Release();
        Assert.EndsWith("data: [DONE]\n\n", await response.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task A_year_of_changes_leaves_nothing_behind()
    {
        await using var live = await LiveGateway.StartAsync(it => LiveGateway.Routes(LiveGateway.Route("model-0", ("a", it.A))));
        var services = live.Gateway.Service.Services;
        for (var day = 1; day <= 40; day++)
        {
            live.Write(LiveGateway.Routes(LiveGateway.Route($"model-{day}", ($"box-{day}", live.A)), LiveGateway.Route("stays", ($"box-{day}", live.B))));
            Assert.True((await live.Admin.ReloadAsync()).IsSuccess);
            using var response = await live.ChatAsync($"model-{day}");
            await response.Content.ReadAsStringAsync();
            await Eventually.IsTrueAsync(() => services.GetRequiredService<BackendLoads>().All().All(entry => entry.Load.InFlight == 0), "nothing is in flight");
        }

        // Two of the settings and the fake node's; one policy for each model.
        Assert.Equal(3, services.GetRequiredService<BackendLoads>().All().Count());
        Assert.Equal(3, services.GetRequiredService<BackendCircuits>().Count);
        Assert.Equal(3, services.GetRequiredService<RouteTable>().Policies);
    }

    [Fact]
    public async Task A_file_that_is_saved_is_read_without_being_asked()
    {
        await using var live = await LiveGateway.StartAsync(it => LiveGateway.Routes(LiveGateway.Route("one", ("a", it.A))), watched: true);

        live.Write(LiveGateway.Routes(LiveGateway.Route("two", ("b", live.B))));
        await Eventually.IsTrueAsync(async () => (await live.Admin.GetRoutesAsync()).Value!.Data.Any(route => route.Model == "two"), "the new route is there");
        using var two = await live.ChatAsync("two");

        Assert.Equal(HttpStatusCode.OK, two.StatusCode);
    }

    [Fact]
    public async Task A_file_that_cannot_be_read_takes_no_route_away()
    {
        await using var live = await LiveGateway.StartAsync(it => LiveGateway.Routes(LiveGateway.Route("one", ("a", it.A))), watched: true);
        var settings = live.Gateway.Service.Services.GetRequiredService<LiveSettings>();

        live.WriteRaw("""{"Comox":{"Gateway":{"Routes":[""");
        await Eventually.IsTrueAsync(() => !settings.LastReload.Faults.IsEmpty, "the fault is found");
        settings.Reload(); // As when another file changes, by which time the broken one has been forgotten.
        var asked = await live.Admin.ReloadAsync();
        using var one = await live.ChatAsync("one");
        live.Write(LiveGateway.Routes(LiveGateway.Route("two", ("b", live.B))));
        await Eventually.IsTrueAsync(() => settings.Current.Routes is [{ Model: "two" }], "the repaired file is read");

        Assert.Equal((400, ErrorCodes.InvalidSettings), (asked.Error!.Status, asked.Error.Code));
        Assert.Contains("live.json", asked.Error.Message);
        Assert.Equal(HttpStatusCode.OK, one.StatusCode);
        Assert.Empty(settings.LastReload.Faults);
    }
}
