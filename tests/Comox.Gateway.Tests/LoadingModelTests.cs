using System.Net;
using Comox.FakeBackend;
using Comox.Gateway.Forwarding;
using Comox.ServiceDefaults.Contracts.Nodes;
using Microsoft.Extensions.Time.Testing;

namespace Comox.Gateway.Tests;

/// <summary>A model that its node has to load first: the request is sent there, and the client is told how long it takes.</summary>
public abstract class LoadingModelTests(string relay) : BothRelays(relay)
{
    public sealed class OnLinux() : LoadingModelTests(RelayOptions.Linux);

    public sealed class Portable() : LoadingModelTests(RelayOptions.Portable);

    [Theory]
    [InlineData(EngineStates.Unloaded)]
    [InlineData(EngineStates.Asleep)]
    [InlineData(EngineStates.Loading)]
    [InlineData(EngineStates.Draining)]
    public async Task It_is_asked_and_its_answer_comes(string state)
    {
        await using var gateway = await StartAsync();
        gateway.Node.Status = FakeNode.With("n", OnDemand(state));
        await gateway.KnowsAsync(fleet => fleet.Pools.All(pool => pool.Backends.All(backend => backend.Engine!.State == state)));

        using var whole = await gateway.SendAsync(Chat.Whole);
        Assert.Equal(HttpStatusCode.OK, whole.StatusCode);
        using var character = await gateway.SendAsync(Chat.CharacterStreamed);
        Assert.Equal("Hello from the fake.", Chat.TextOf(Chat.Events(await character.Content.ReadAsStringAsync())));
    }

    [Fact]
    public async Task Who_waits_hears_place_and_seconds_as_comments_and_then_the_answer_whole()
    {
        var time = new FakeTimeProvider();
        await using var gateway = await StartAsync(new() { HoldHeaders = true }, time, ready: false);
        gateway.Node.Status = FakeNode.With("n", OnDemand(EngineStates.Loading) with { Place = 2, EtaSeconds = 7.25 });
        await gateway.KnowsAsync(fleet => fleet.Pools.Any(pool => pool.Backends.Any(backend => backend.Engine!.Place == 2)));

        var sent = gateway.SendAsync(Chat.Streamed);
        await gateway.Node.NextRequestAsync();
        time.Advance(TimeSpan.FromMilliseconds(500));
        using var answer = await LiveAnswer.OfAsync(sent);
        Assert.Equal(": loading fake-model: place 2, about 7.3 s\n\n", await answer.NextAsync());

        gateway.Node.Status = FakeNode.With("n", OnDemand(EngineStates.Loading) with { Place = 1, EtaSeconds = 3 });
        await gateway.KnowsAsync(fleet => fleet.Pools.Any(pool => pool.Backends.Any(backend => backend.Engine!.Place == 1)));
        await gateway.KeepFleetAsync();
        Assert.Equal(": loading fake-model: place 1, about 3 s\n\n", await answer.CommentAsync(time, TimeSpan.FromSeconds(2)));

        gateway.Node.Release();
        var rest = await answer.RestAsync();
        Assert.Equal("Hello from the fake.", Chat.TextOf(Chat.Events(rest)));
        Assert.EndsWith("data: [DONE]\n\n", rest);
    }

    [Fact]
    public async Task One_that_is_in_memory_elsewhere_is_asked_there()
    {
        await using var second = await FakeBackendServer.StartAsync(TestService.ServiceKey);
        await using var third = await FakeBackendServer.StartAsync(TestService.ServiceKey);
        second.Status = FakeNode.With("second", OnDemand(EngineStates.Unloaded) with { EtaSeconds = 4 });
        third.Status = FakeNode.With("third", OnDemand(EngineStates.Ready));
        await using var gateway = await StartAsync(settings: [("Load:ScrapeInterval", "00:00:01"), ("Nodes:0", second.Address.ToString()), ("Nodes:1", third.Address.ToString())]);
        await gateway.KnowsAsync(fleet => fleet.Pools.Any(pool => pool.Ready.Length == 2));

        for (var number = 0; number < 4; number++)
            await (await gateway.SendAsync(Chat.Whole)).Content.ReadAsStringAsync();
        Assert.Equal((0, 4), (second.Requests.Count, third.Requests.Count));

        // Nor is it asked how it is doing: its node would have to load it to know.
        await Eventually.IsTrueAsync(() => third.Scrapes > 0, "the one in memory is asked");
        Assert.Equal(0, second.Scrapes);
    }

    private static EngineStatus OnDemand(string state) => FakeNode.Engine(state: state, reason: "Not in memory") with { Pinned = false };
}
