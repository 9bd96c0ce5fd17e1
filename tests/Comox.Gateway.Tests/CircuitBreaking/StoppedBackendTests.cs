using Comox.FakeBackend;
using Comox.Gateway.Backends;
using Comox.Gateway.CircuitBreaking;
using Comox.Gateway.Forwarding;
using Comox.Gateway.Routing;
using Comox.Gateway.Tests.Sockets;
using Comox.ServiceDefaults.Contracts.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Comox.Gateway.Tests.CircuitBreaking;

/// <summary>Engines that stop without a word and nodes that cannot be heard: what they have in hand goes on elsewhere.</summary>
public abstract class StoppedBackendTests(string relay) : BothRelays(relay)
{
    private static readonly string[] Words = [.. Enumerable.Range(0, 60).Select(number => $"word{number} ")];
    private static readonly string Text = string.Concat(Words);

    // Short, and longer than whoever is well stumbles on a busy machine. Who is judged by the one is not judged by the other.
    private static readonly (string, string)[] NodesThatFallSilent = [("Stalls:QuietNode", "00:00:02"), ("Stalls:SilentNode", "00:00:02")];
    private static readonly (string, string)[] EnginesThatStop = [("Stalls:QuietBackend", "00:00:02"), ("Stalls:StalledBackend", "00:00:02")];

    public sealed class OnLinux() : StoppedBackendTests(RelayOptions.Linux);

    public sealed class Portable() : StoppedBackendTests(RelayOptions.Portable);

    [Fact]
    public async Task An_engine_that_stops_in_the_middle_of_its_answers_is_out_and_others_finish_them()
    {
        await using var two = await TwoNodes.StartAsync(this, EnginesThatStop);
        two.First.Script = new() { Tokens = Words, TokensPerSecond = 100, HangAfter = 30 };
        two.Second.Script = new() { Tokens = Words };
        two.Second.Predecessor = two.First;

        Assert.All(await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => two.AskAsync())), text => Assert.Equal(Text, text));

        Assert.Equal((3, 6), (two.First.Requests.Count, two.Second.Requests.Count));
        Assert.Equal(3, two.Second.Requests.Count(request => request.Json.TryGetProperty("continue_final_message", out _)));
        Assert.Equal(CircuitState.Open, two.Backend("first").Circuit.State);
    }

    [Fact]
    public async Task What_a_silent_node_has_not_begun_is_asked_for_elsewhere_and_new_requests_too()
    {
        await using var two = await TwoNodes.StartAsync(this, NodesThatFallSilent);
        two.First.Script = new() { Tokens = Words, NeverAnswers = true };
        two.Second.Script = new() { Tokens = Words };
        var streamed = Enumerable.Range(0, 2).Select(_ => two.AskAsync()).ToArray();
        await two.First.NextRequestAsync();
        var whole = Enumerable.Range(0, 2).Select(_ => two.Gateway.SendAsync(Chat.Whole)).ToArray();
        await two.First.NextRequestAsync();

        two.First.FallsSilent = true;

        Assert.All(await Task.WhenAll(streamed), text => Assert.Equal(Text, text));
        foreach (var answer in await Task.WhenAll(whole))
            Assert.Contains("word59", await answer.Content.ReadAsStringAsync());
        Assert.False(two.Backend("first").IsWell);
        for (var number = 0; number < 6; number++)
            Assert.Equal(Text, await two.AskAsync());
        Assert.Equal((2, 10), (two.First.Requests.Count, two.Second.Requests.Count));
    }

    [Fact]
    public async Task A_node_that_is_heard_again_comes_back_through_one_canary_and_slowly()
    {
        await using var two = await TwoNodes.StartAsync(this, NodesThatFallSilent);
        two.First.Script = two.Second.Script = new() { Tokens = Words };
        two.First.FallsSilent = true;
        await Eventually.IsTrueAsync(() => two.Backend("first").Node!.IsSilent, "the silence is noticed");
        two.First.FallsSilent = false;
        two.First.DropWatchers();
        await Eventually.IsTrueAsync(() => two.Backend("first").IsWell, "the node is heard");

        // Nobody else is let in while the canary is out.
        var circuit = two.Backend("first").Circuit;
        Assert.Equal((CircuitState.Open, true), (circuit.State, circuit.IsAdmissible));
        Assert.True(circuit.TryEnter(out var canary));
        Assert.Equal((true, false), (canary.IsCanary, circuit.TryEnter(out _)));
        canary.Succeeded();
        Assert.Equal(CircuitState.Closed, circuit.State);
        Assert.InRange(circuit.Ramp, 0.1, 0.5);
    }

    [Fact]
    public async Task A_gateway_that_stops_takes_no_node_for_silent_because_it_listens_no_more()
    {
        await using var two = await TwoNodes.StartAsync(this, NodesThatFallSilent);
        var services = two.Gateway.Service.Services;
        services.GetRequiredService<IHostApplicationLifetime>().StopApplication();
        await services.GetServices<IHostedService>().OfType<NodeWatcher>().Single().ExecuteTask!.WaitAsync(TimeSpan.FromMinutes(1), TestContext.Current.CancellationToken);
        var began = TimeProvider.System.GetTimestamp();
        await Eventually.IsTrueAsync(() => TimeProvider.System.GetElapsedTime(began) > TimeSpan.FromSeconds(3.5), "both would be silent by now");

        Assert.All(["first", "second"], name => Assert.True(two.Backend(name).IsWell));
        Assert.All(["first", "second"], name => Assert.Equal(CircuitState.Closed, two.Backend(name).Circuit.State));
    }

    [Fact]
    public async Task A_canary_that_hears_nothing_is_given_up_soon_and_answered_elsewhere()
    {
        // It comes back for another try after a break: not before the test is over.
        await using var two = await TwoNodes.StartAsync(this, [.. EnginesThatStop, ("Circuit:Break", "01:00:00"), ("Circuit:LongestBreak", "01:00:00")]);
        two.First.Script = new() { Tokens = Words, NeverAnswers = true };
        two.Second.Script = new() { Tokens = Words };
        two.Backend("first").Circuit.Suspend();

        for (var number = 0; number < 4; number++)
            Assert.Equal(Text, await two.AskAsync());

        Assert.Single(two.First.Requests);
        Assert.Equal(CircuitState.Open, two.Backend("first").Circuit.State);
    }

    [Fact]
    public async Task The_only_node_is_asked_although_it_is_silent()
    {
        await using var gateway = await StartAsync(settings: NodesThatFallSilent);
        gateway.Node.FallsSilent = true;
        await Eventually.IsTrueAsync(() => gateway.Service.Services.GetRequiredService<Fleet>().Current.Nodes[0].Pulse!.IsSilent, "the silence is noticed");

        using var answer = await gateway.SendAsync(Chat.Streamed);

        Assert.Equal("Hello from the fake.", Chat.TextOf(Chat.Events(await answer.Content.ReadAsStringAsync())));
    }

    [Fact]
    public async Task A_slow_client_is_not_taken_for_a_stopped_engine()
    {
        await using var gateway = await StartAsync(new() { Tokens = [.. Enumerable.Range(0, 4000).Select(number => new string('x', 4000) + number)] }, settings: EnginesThatStop);
        using var client = await RawClient.ConnectAsync(gateway);
        await client.SendAsync(RawClient.Request(Chat.Streamed));

        // Long after the buffers are full.
        await Task.Delay(TimeSpan.FromSeconds(4), TimeProvider.System);

        var backend = gateway.Service.Services.GetRequiredService<RouteTable>().Current.Fleet.Pools[0].Backends[0];
        Assert.Equal((CircuitState.Closed, true, 1), (backend.Circuit.State, backend.IsWell, backend.Load.InFlight));
    }

    [Fact]
    public async Task An_engine_that_its_agent_ejects_gets_nothing_until_it_is_well_and_proves_it()
    {
        await using var two = await TwoNodes.StartAsync(this);
        two.First.Script = two.Second.Script = new() { Tokens = Words };
        two.First.Status = Node("first", Healths.Ejected);
        await two.Gateway.KnowsAsync(_ => !two.Backend("first").IsWell);
        for (var number = 0; number < 4; number++)
            Assert.Equal(Text, await two.AskAsync());
        Assert.Equal((0, 4), (two.First.Requests.Count, two.Second.Requests.Count));

        two.First.Status = Node("first", Healths.Ok);
        await two.Gateway.KnowsAsync(_ => two.Backend("first").IsWell);
        Assert.Equal(CircuitState.Open, two.Backend("first").Circuit.State);
        for (var number = 0; number < 4; number++)
            Assert.Equal(Text, await two.AskAsync());
        Assert.NotEmpty(two.First.Requests);
        Assert.Equal(CircuitState.Closed, two.Backend("first").Circuit.State);
    }

    [Fact]
    public async Task When_most_of_a_fleet_is_not_well_all_of_it_is_asked()
    {
        await using var two = await TwoNodes.StartAsync(this);
        two.First.Script = two.Second.Script = new() { Tokens = Words };
        two.First.Status = Node("first", Healths.Ejected);
        two.Second.Status = Node("second", Healths.Ejected);
        await two.Gateway.KnowsAsync(_ => !two.Backend("first").IsWell && !two.Backend("second").IsWell);

        Assert.Equal(Text, await two.AskAsync());
    }

    private static NodeStatus Node(string name, string health) => FakeNode.With(name, FakeNode.Engine() with { Health = health });

    /// <summary>A gateway before two nodes with one model each.</summary>
    private sealed class TwoNodes : IAsyncDisposable
    {
        private const string Model = "fake-model";

        public required GatewayUnderTest Gateway { get; init; }
        public required FakeBackendServer First { get; init; }
        public required FakeBackendServer Second { get; init; }

        public static async Task<TwoNodes> StartAsync(StoppedBackendTests test, params (string Key, string Value)[] settings)
        {
            var (first, second) = (await FakeBackendServer.StartAsync(TestService.ServiceKey), await FakeBackendServer.StartAsync(TestService.ServiceKey));
            (first.Status, second.Status) = (Node("first", Healths.Ok), Node("second", Healths.Ok));
            var gateway = await test.StartAsync(settings: [
                ("Nodes:0", first.Address.ToString()), ("Nodes:1", second.Address.ToString()), ("FleetRoute:LoadBalancing:Policy", "round-robin"), ("FleetRoute:MaxAttempts", "3"), .. settings]);
            var two = new TwoNodes { Gateway = gateway, First = first, Second = second };
            await gateway.KnowsAsync(fleet => fleet.Find(Model) is { Ready.Length: 2 });
            return two;
        }

        public Backend Backend(string node) => Gateway.Service.Services.GetRequiredService<RouteTable>().Current.Fleet.Find(Model)!.Backends.Single(backend => backend.Id == $"{node}/chat");

        public async Task<string> AskAsync()
        {
            using var answer = await Gateway.SendAsync(Chat.Streamed);
            return Chat.TextOf(Chat.Events(await answer.Content.ReadAsStringAsync()));
        }

        public async ValueTask DisposeAsync()
        {
            await Gateway.DisposeAsync();
            await First.DisposeAsync();
            await Second.DisposeAsync();
            Assert.Empty(First.Violations);
            Assert.Empty(Second.Violations);
        }
    }
}
