using Comox.FakeBackend;
using Comox.Gateway.Backends;
using Comox.Gateway.CircuitBreaking;
using Microsoft.Extensions.Time.Testing;

namespace Comox.Gateway.Tests.Pains;

/// <summary>The second backend that is asked when the first keeps silent: after the patience, within the budget, and the slower one is let go.</summary>
public sealed class HedgeTests
{
    // The clock is moved on while the gateway is at work: nothing else may run out meanwhile.
    private static readonly (string, string)[] Patience = [(":HedgeAfter", "00:00:02"), (":FirstTokenTimeout", "01:00:00"), (":LoadBalancing:Policy", "round-robin"), ("Circuit:ConsecutiveFailures", "1")];

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task The_second_is_asked_only_after_the_patience_and_the_slower_one_is_cancelled(bool stream)
    {
        var time = new FakeTimeProvider();
        await using var routed = await RoutedGateway.StartAsync(time, Patience, new At("a") { Script = FakeFaults.BlackHole }, new At("b"));
        using var measured = new Measured(routed.Gateway);

        var sent = routed.SendAsync(RoutedGateway.Body(stream, ""","stream_options":{"include_usage":true}"""));
        var slow = await routed.Servers[0].NextRequestAsync();
        time.Advance(TimeSpan.FromSeconds(1.9));
        Assert.Empty(routed.Servers[1].Requests);
        await UntilAsync(time, sent);

        using var response = await sent;
        Assert.Contains("fake", await response.Content.ReadAsStringAsync());
        await slow.Aborted.WaitAsync(TimeSpan.FromMinutes(1));
        await Eventually.IsTrueAsync(() => measured.Of("comox.gateway.request.duration").Any(), "the chat is measured");
        Assert.Equal(5, measured.Of("gen_ai.client.inference.usage.output_tokens").Sum(value => value.Number));
        await routed.IsIdleAsync();
        Assert.All(routed.Backends, backend => Assert.Equal(CircuitState.Closed, backend.Circuit.State));
    }

    [Theory]
    [InlineData(true, "b/b", BackendKinds.OpenAI)]
    [InlineData(false, "a/a", BackendKinds.VLlm)]
    public async Task What_is_measured_is_the_one_that_answered(bool secondIsQuicker, string winner, string provider)
    {
        var time = new FakeTimeProvider();
        FakeScript held = new() { HoldHeaders = true };
        await using var routed = await RoutedGateway.StartAsync(
            time, Patience, new At("a") { Script = secondIsQuicker ? FakeFaults.BlackHole : held }, new At("b", BackendKinds.OpenAI) { Script = secondIsQuicker ? held : FakeFaults.BlackHole });
        using var measured = new Measured(routed.Gateway);

        var sent = routed.SendAsync(RoutedGateway.Body(true, ""","stream_options":{"include_usage":true}"""));
        // What is let go before the request is there is nobody's.
        await routed.Servers[0].NextRequestAsync();
        await UntilAsync(time, routed.Servers[1].NextRequestAsync());
        routed.Servers[secondIsQuicker ? 1 : 0].Release();
        await (await sent).Content.ReadAsStringAsync();
        var span = await measured.EndedAsync();

        Assert.Equal((winner, provider), (span.GetTagItem("comox.backend"), span.GetTagItem("gen_ai.provider.name")));
        Assert.Equal(routed.Servers[secondIsQuicker ? 1 : 0].Address.Port, span.GetTagItem("server.port"));
        foreach (var name in (string[])["gen_ai.client.inference.duration", "gen_ai.client.inference.time_to_first_chunk", "gen_ai.client.inference.usage.output_tokens"])
            Assert.Contains($"[gen_ai.provider.name, {provider}]", Assert.Single(measured.Of(name)).Tags);
    }

    [Fact]
    public async Task A_quick_answer_asks_nobody_else()
    {
        await using var routed = await RoutedGateway.StartAsync(null, [(":HedgeAfter", "00:00:30")], new At("a"), new At("b"));

        await routed.EventsAsync(RoutedGateway.Body(true));

        Assert.Empty(routed.Servers[1].Requests);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public async Task The_one_that_fails_while_the_other_is_under_way_is_held_to_account(int failing)
    {
        var time = new FakeTimeProvider();
        FakeScript held = new() { HoldHeaders = true };
        await using var routed = await RoutedGateway.StartAsync(
            time, [.. Patience, (":MaxAttempts", "2")],
            new At("a") { Script = failing == 0 ? held with { FailWithStatus = 500 } : held },
            new At("b") { Script = failing == 0 ? held : new() { FailWithStatus = 500 } });

        var sent = routed.SendAsync(RoutedGateway.Body(true));
        await routed.Servers[0].NextRequestAsync();
        var second = routed.Servers[1].NextRequestAsync();
        await UntilAsync(time, second);
        var (bad, good) = (routed.Servers[failing], routed.Servers[1 - failing]);
        bad.Release();
        await bad.Requests.Single().Ended.WaitAsync(TimeSpan.FromMinutes(1));
        good.Release();

        Assert.Equal("Hello from the fake.", Chat.TextOf(Chat.Events(await (await sent).Content.ReadAsStringAsync())));
        await routed.IsIdleAsync();
        await Eventually.IsTrueAsync(() => routed.Backends.ElementAt(failing).Circuit.State == CircuitState.Open, "the failure is counted");
        Assert.Equal(CircuitState.Closed, routed.Backends.ElementAt(1 - failing).Circuit.State);
    }

    [Fact]
    public async Task When_both_fail_a_third_is_asked()
    {
        var time = new FakeTimeProvider();
        FakeScript broken = new() { HoldHeaders = true, FailWithStatus = 500 };
        await using var routed = await RoutedGateway.StartAsync(time, Patience, new At("a") { Script = broken }, new At("b") { Script = broken }, new At("c"));

        var sent = routed.SendAsync(RoutedGateway.Body(true));
        await routed.Servers[0].NextRequestAsync();
        await UntilAsync(time, routed.Servers[1].NextRequestAsync());
        routed.Servers[0].Release();
        routed.Servers[1].Release();

        Assert.Equal("Hello from the fake.", Chat.TextOf(Chat.Events(await (await sent).Content.ReadAsStringAsync())));
        Assert.Equal([1, 1, 1], routed.Servers.Select(server => server.Requests.Count));
        await Eventually.IsTrueAsync(() => routed.Backends.Take(2).All(backend => backend.Circuit.State == CircuitState.Open), "both are held to account");
    }

    [Fact]
    public async Task A_client_that_leaves_frees_both()
    {
        var time = new FakeTimeProvider();
        await using var routed = await RoutedGateway.StartAsync(time, Patience, new At("a") { Script = FakeFaults.BlackHole }, new At("b") { Script = FakeFaults.BlackHole });
        using var leave = new CancellationTokenSource();

        var sent = routed.SendAsync(RoutedGateway.Body(true), cancellation: leave.Token);
        await routed.Servers[0].NextRequestAsync();
        await UntilAsync(time, routed.Servers[1].NextRequestAsync());
        await leave.CancelAsync();
        await Record.ExceptionAsync(() => sent);

        foreach (var server in routed.Servers)
            await server.Requests.Single().Aborted.WaitAsync(TimeSpan.FromMinutes(1));
        await routed.IsIdleAsync();
    }

    [Fact]
    public async Task Without_a_budget_there_is_no_second()
    {
        var time = new FakeTimeProvider();
        await using var routed = await RoutedGateway.StartAsync(
            time, [.. Patience, ("RetryBudget:Ratio", "0"), ("RetryBudget:MinPerSecond", "0"), (":TotalTimeout", "00:00:20")], new At("a") { Script = FakeFaults.BlackHole }, new At("b"));

        var sent = routed.SendAsync(RoutedGateway.Body(false));
        await routed.Servers[0].NextRequestAsync();
        await UntilAsync(time, sent);

        Assert.Equal(504, (await (await sent).ErrorAsync()).Status);
        Assert.Empty(routed.Servers[1].Requests);
    }

    // The gateway arms its timer in its own time.
    private static Task UntilAsync(FakeTimeProvider time, Task effect) => Eventually.IsTrueAsync(
        () =>
        {
            if (!effect.IsCompleted)
                time.Advance(TimeSpan.FromSeconds(0.5));
            return effect.IsCompleted;
        },
        "the timer has run out");
}
