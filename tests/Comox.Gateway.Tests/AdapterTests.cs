using System.Net;
using Comox.FakeBackend;
using Comox.Gateway.LoadBalancing;
using Comox.ServiceDefaults.Contracts.Nodes;
using Comox.ServiceDefaults.Contracts.OpenAI;
using Microsoft.Extensions.Time.Testing;

namespace Comox.Gateway.Tests;

/// <summary>Adapters of a node's engines: to clients models of their own.</summary>
public sealed class AdapterTests
{
    [Fact]
    public async Task Each_is_a_model_under_its_own_name_and_is_asked_for_by_it_at_its_engine()
    {
        await using var gateway = await GatewayUnderTest.StartAsync();
        gateway.Node.Models = [FakeNode.Model, "ada", "brine"];
        await ShowAsync(gateway, ("ada", AdapterStates.Loaded), ("brine", AdapterStates.Unloaded));

        Assert.Equal(["ada", "brine", "fake-model"], (await (await gateway.Http.GetAsync("/v1/models")).JsonAsync()).GetProperty("data").EnumerateArray()
            .Select(model => model.GetProperty("id").GetString()).Where(id => id?.StartsWith("character/", StringComparison.Ordinal) == false).Order(StringComparer.Ordinal));
        using var answer = await gateway.SendAsync(Chat.Streamed.Replace("fake-model", "brine", StringComparison.Ordinal));
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        var request = await gateway.Node.NextRequestAsync();
        Assert.Equal("brine", request.Json.GetProperty("model").GetString());
        Assert.Equal("/node/engines/chat/proxy/v1/chat/completions", request.Path);
    }

    [Fact]
    public async Task One_that_failed_says_why_and_its_model_and_the_others_answer()
    {
        await using var gateway = await GatewayUnderTest.StartAsync();
        gateway.Node.Models = [FakeNode.Model, "ada", "brine"];
        await ShowAsync(gateway, ("ada", AdapterStates.Failed), ("brine", AdapterStates.Loaded));

        var error = await (await gateway.SendAsync(Chat.Streamed.Replace("fake-model", "ada", StringComparison.Ordinal))).ErrorAsync();
        Assert.Equal((503, ErrorCodes.EngineUnavailable), (error.Status, error.Code));
        Assert.Contains("It is failed", error.Message);
        foreach (var model in new[] { "fake-model", "brine" })
        {
            using var answer = await gateway.SendAsync(Chat.Streamed.Replace("fake-model", model, StringComparison.Ordinal));
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        }
    }

    [Fact]
    public async Task An_adapter_never_speaks_for_a_character_that_names_no_model()
    {
        await using var gateway = await GatewayUnderTest.StartAsync();
        gateway.Node.Models = [FakeNode.Model, "ada"];
        await ShowAsync(gateway, ("ada", AdapterStates.Loaded));
        using var answer = await gateway.SendAsync(Chat.CharacterStreamed);
        Assert.Equal("fake-model", (await gateway.Node.NextRequestAsync()).Json.GetProperty("model").GetString());
    }

    [Fact]
    public async Task Nor_does_one_that_a_route_names_before_any_model()
    {
        await using var gateway = await GatewayUnderTest.StartAsync(settings: [("Routes:0:Model", "ada"), ("Routes:0:Pools:0:Fleet", "ada")]);
        gateway.Node.Models = [FakeNode.Model, "ada"];
        await ShowAsync(gateway, ("ada", AdapterStates.Loaded));
        using var answer = await gateway.SendAsync(Chat.CharacterStreamed);
        Assert.Equal("fake-model", (await gateway.Node.NextRequestAsync()).Json.GetProperty("model").GetString());
    }

    [Fact]
    public async Task They_share_the_ledger_of_their_engine_and_have_circuits_of_their_own_which_go_with_them()
    {
        await using var gateway = await GatewayUnderTest.StartAsync();
        await ShowAsync(gateway, ("ada", AdapterStates.Loaded));
        Fleet(gateway, fleet =>
        {
            var (engine, adapter) = (fleet.Find("fake-model")!.Backends[0], fleet.Find("ada")!.Backends[0]);
            Assert.Same(engine.Load, adapter.Load);
            Assert.NotSame(engine.Circuit, adapter.Circuit);
        });
        var circuits = gateway.Service.Services.GetService(typeof(Comox.Gateway.CircuitBreaking.BackendCircuits)) as Comox.Gateway.CircuitBreaking.BackendCircuits;
        var before = circuits!.Count;
        gateway.Node.Status = FakeNode.Ready();
        await gateway.KnowsAsync(fleet => fleet.Find("ada") is null);
        await TestKit.Eventually.IsTrueAsync(() => circuits.Count == before - 1, "the adapter's circuit is forgotten");
    }

    [Fact]
    public async Task A_node_that_holds_the_adapter_is_asked_before_one_that_has_to_load_it()
    {
        await using var second = await FakeBackendServer.StartAsync(TestService.ServiceKey);
        await using var third = await FakeBackendServer.StartAsync(TestService.ServiceKey);
        (second.Models, third.Models) = ([FakeNode.Model, "ada"], [FakeNode.Model, "ada"]);
        (second.Status, third.Status) = (Node("second", ("ada", AdapterStates.Unloaded)), Node("third", ("ada", AdapterStates.Loaded)));
        await using var gateway = await GatewayUnderTest.StartAsync(settings: [("Nodes:0", second.Address.ToString()), ("Nodes:1", third.Address.ToString())]);
        await gateway.KnowsAsync(fleet => fleet.Find("ada") is { Backends.Length: 2 } pool && pool.Backends.Any(backend => backend.Adapter!.State == AdapterStates.Loaded) && pool.Backends.Any(backend => backend.Adapter!.State == AdapterStates.Unloaded));

        for (var turn = 0; turn < 6; turn++)
            await (await gateway.SendAsync(Chat.Streamed.Replace("fake-model", "ada", StringComparison.Ordinal))).Content.ReadAsStringAsync();
        Assert.Equal((0, 6), (second.Requests.Count, third.Requests.Count));
    }

    [Fact]
    public async Task An_agent_of_an_earlier_version_knows_of_no_adapters_and_serves_as_before()
    {
        await using var gateway = await GatewayUnderTest.StartAsync();
        gateway.Node.Status = FakeNode.With("older", FakeNode.Engine() with { Adapters = null! });
        await gateway.KnowsAsync(fleet => fleet.Nodes.Any(node => node.Status?.Node == "older"));
        using var answer = await gateway.SendAsync(Chat.Streamed);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
    }

    [Fact]
    public void What_an_engine_does_not_hold_any_more_is_forgotten_at_once()
    {
        var time = new FakeTimeProvider();
        var memory = new AdapterMemory(TimeSpan.FromMinutes(10), time);
        memory.Touch(7);
        memory.Touch(8);
        memory.Forget(7);
        memory.Forget(9);
        Assert.Equal((false, true), (memory.Holds(7, time.GetTimestamp()), memory.Holds(8, time.GetTimestamp())));
    }

    private static void Fleet(GatewayUnderTest gateway, Action<Comox.Gateway.Backends.FleetSnapshot> look) =>
        look(((Comox.Gateway.Backends.Fleet)gateway.Service.Services.GetService(typeof(Comox.Gateway.Backends.Fleet))!).Current);

    private static async Task ShowAsync(GatewayUnderTest gateway, params (string Name, string State)[] adapters)
    {
        gateway.Node.Status = Node("n", adapters);
        await gateway.KnowsAsync(fleet => adapters.All(adapter => fleet.Find(adapter.Name)?.Backends.Any(backend => backend.Adapter?.State == adapter.State) == true));
    }

    private static NodeStatus Node(string name, params (string Name, string State)[] adapters) => FakeNode.With(name, FakeNode.Engine() with
    {
        Adapters = [.. adapters.Select(adapter => new AdapterStatus { Name = adapter.Name, State = adapter.State, Reason = $"It is {adapter.State}" })],
    });
}
