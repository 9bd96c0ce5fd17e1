using System.Net;
using System.Net.Http.Json;
using Comox.FakeBackend;
using Comox.ServiceDefaults.Clients;
using Comox.ServiceDefaults.Contracts.Gateway;
using Comox.ServiceDefaults.Contracts.Nodes;
using Comox.ServiceDefaults.Contracts.OpenAI;
using Microsoft.Extensions.Time.Testing;

namespace Comox.Gateway.Tests.Warming;

/// <summary>A hint that somebody may soon ask for a model goes to the node that the request would go to.</summary>
public sealed class WarmTests
{
    [Theory]
    [InlineData("fake-model")]
    [InlineData("character/ada")]
    public async Task It_goes_to_the_node_where_the_model_is_soonest_loaded_and_so_does_the_request(string model)
    {
        await using var slow = await FakeBackendServer.StartAsync(TestService.ServiceKey);
        await using var quick = await FakeBackendServer.StartAsync(TestService.ServiceKey);
        slow.Status = FakeNode.With("slow", OnDemand(9));
        quick.Status = FakeNode.With("quick", OnDemand(2));
        await using var gateway = await StartAsync(slow, quick);

        var warming = await AskAsync(gateway, model);

        Assert.Equal(new ModelWarming { Model = "fake-model", Backend = "quick/chat", Action = WarmActions.Load, State = EngineStates.Unloaded, EtaSeconds = 2 }, warming);
        Assert.Equal(["chat"], quick.Warmed);
        Assert.Empty(slow.Warmed);
        Assert.Empty(gateway.Memory.Prompts);
        await (await gateway.SendAsync(Chat.Whole.Replace("fake-model", model))).Content.ReadAsStringAsync();
        Assert.Single(quick.Requests);
    }

    [Fact]
    public async Task Where_the_model_is_in_memory_somewhere_no_node_is_told()
    {
        await using var cold = await FakeBackendServer.StartAsync(TestService.ServiceKey);
        await using var hot = await FakeBackendServer.StartAsync(TestService.ServiceKey);
        cold.Status = FakeNode.With("cold", OnDemand(0.1));
        hot.Status = FakeNode.With("hot", OnDemand(null) with { State = EngineStates.Ready });
        await using var gateway = await StartAsync(cold, hot);

        var warming = await AskAsync(gateway, "fake-model");

        Assert.Equal(("hot/chat", WarmActions.None, EngineStates.Ready, 0), (warming.Backend, warming.Action, warming.State, warming.EtaSeconds));
        Assert.Empty(cold.Warmed);
        Assert.Empty(hot.Warmed);
    }

    [Fact]
    public async Task A_server_that_is_asked_only_when_the_fleet_cannot_answer_is_no_reason_to_let_the_fleet_sleep()
    {
        await using var node = await FakeBackendServer.StartAsync(TestService.ServiceKey);
        await using var cloud = await FakeBackendServer.StartAsync(TestService.ServiceKey);
        node.Status = FakeNode.With("node", OnDemand(2));
        await using var gateway = await GatewayUnderTest.StartAsync(settings:
        [
            ("Nodes:0", node.Address.ToString()), ("Routes:0:Model", "fake-model"), ("Routes:0:Pools:0:Name", "own"), ("Routes:0:Pools:0:Fleet", "fake-model"),
            ("Routes:0:Pools:1:Name", "cloud"), ("Routes:0:Pools:1:Backends:0:Name", "openai"), ("Routes:0:Pools:1:Backends:0:Url", new Uri(cloud.Address, "v1").ToString()),
        ]);

        var warming = await AskAsync(gateway, "fake-model");

        Assert.Equal(("node/chat", WarmActions.Load), (warming.Backend, warming.Action));
        Assert.Equal(["chat"], node.Warmed);
    }

    [Fact]
    public async Task One_node_is_told_once_in_half_a_minute_also_where_another_looks_better_meanwhile()
    {
        await using var one = await FakeBackendServer.StartAsync(TestService.ServiceKey);
        await using var other = await FakeBackendServer.StartAsync(TestService.ServiceKey);
        one.Status = FakeNode.With("one", OnDemand(2));
        other.Status = FakeNode.With("other", OnDemand(5));
        var time = new FakeTimeProvider();
        await using var gateway = await StartAsync(one, other, time);
        await AskAsync(gateway, "fake-model");
        one.Status = FakeNode.With("one", OnDemand(20));
        await gateway.KnowsAsync(fleet => fleet.Pools.Any(pool => pool.Ready.Any(backend => backend.Load.SwapSeconds == 20)));
        await gateway.KeepFleetAsync();

        var again = await AskAsync(gateway, "character/ada");
        Assert.Equal(("one/chat", WarmActions.None), (again.Backend, again.Action));
        Assert.Equal((1, 0), (one.Warmed.Count, other.Warmed.Count));

        time.Advance(TimeSpan.FromSeconds(30));
        Assert.Equal("other/chat", (await AskAsync(gateway, "fake-model")).Backend);
        Assert.Equal((1, 1), (one.Warmed.Count, other.Warmed.Count));
    }

    [Fact]
    public async Task A_model_that_nobody_has_and_a_hint_without_a_model_are_errors_as_for_a_request()
    {
        await using var gateway = await GatewayUnderTest.StartAsync();

        var unknown = await new GatewayAdminClient(gateway.Http).WarmAsync(new ModelHint("nothing"));
        using var empty = await gateway.Http.PostAsJsonAsync("/gateway/warm", new { }, TestContext.Current.CancellationToken);
        using var half = await gateway.Http.PostAsJsonAsync("/gateway/warm", new { model = "character/" }, TestContext.Current.CancellationToken);

        Assert.Equal((404, ErrorCodes.ModelNotFound), (unknown.Error!.Status, unknown.Error.Code));
        Assert.Equal((400, ErrorCodes.InvalidRequest), (await empty.ErrorAsync()) is var error ? (error.Status, error.Code) : default);
        Assert.Equal(HttpStatusCode.NotFound, half.StatusCode);
        Assert.Empty(gateway.Node.Warmed);
    }

    [Fact]
    public async Task A_callers_key_moves_no_models()
    {
        const string Key = "sk-ann-0123456789abcdef";
        await using var gateway = await GatewayUnderTest.StartAsync(settings: [("Keys:0:Name", "ann"), ("Keys:0:Key", Key)]);
        using var caller = gateway.Service.CreateClient(Key);

        using var refused = await caller.PostAsJsonAsync("/gateway/warm", new { model = "fake-model" }, TestContext.Current.CancellationToken);

        Assert.Equal((403, ErrorCodes.NotAllowed), (await refused.ErrorAsync()) is var error ? (error.Status, error.Code) : default);
    }

    [Fact]
    public async Task A_node_that_refuses_is_told_again_by_the_next_hint()
    {
        await using var node = await FakeBackendServer.StartAsync(TestService.ServiceKey);
        await using var spare = await FakeBackendServer.StartAsync(TestService.ServiceKey);
        node.Status = FakeNode.With("node", OnDemand(2));
        spare.Status = FakeNode.With("spare", OnDemand(20));
        node.RefuseWarming = true;
        await using var gateway = await StartAsync(node, spare);
        var admin = new GatewayAdminClient(gateway.Http);

        Assert.Equal(503, (await admin.WarmAsync(new ModelHint("fake-model"))).Error!.Status);
        node.RefuseWarming = false;
        Assert.Equal(WarmActions.Load, (await AskAsync(gateway, "fake-model")).Action);
    }

    [Fact]
    public async Task Who_only_looks_at_a_model_has_nothing_loaded()
    {
        await using var gateway = await GatewayUnderTest.StartAsync();
        gateway.Node.Status = FakeNode.With("n", OnDemand(2));
        await gateway.KnowsAsync(fleet => fleet.Pools.Any(pool => pool.Backends.All(backend => !backend.IsLoaded)));

        await gateway.Http.GetStringAsync("/v1/models/fake-model", TestContext.Current.CancellationToken);
        await gateway.Http.GetStringAsync("/v1/models", TestContext.Current.CancellationToken);

        Assert.Empty(gateway.Node.Warmed);
    }

    private static async Task<ModelWarming> AskAsync(GatewayUnderTest gateway, string model)
    {
        var warming = await new GatewayAdminClient(gateway.Http).WarmAsync(new ModelHint(model), TestContext.Current.CancellationToken);
        Assert.True(warming.IsSuccess, warming.Error?.Message);
        return warming.Value;
    }

    private static async Task<GatewayUnderTest> StartAsync(FakeBackendServer first, FakeBackendServer second, TimeProvider? time = null)
    {
        var gateway = await GatewayUnderTest.StartAsync(time: time, ready: false, settings: [("Nodes:0", first.Address.ToString()), ("Nodes:1", second.Address.ToString())]);
        await gateway.KnowsAsync(fleet => fleet.Pools.Any(pool => pool.Ready.Length == 2));
        return gateway;
    }

    private static EngineStatus OnDemand(double? seconds) => FakeNode.Engine(state: EngineStates.Unloaded, reason: "Not in memory") with { Pinned = false, EtaSeconds = seconds };
}
