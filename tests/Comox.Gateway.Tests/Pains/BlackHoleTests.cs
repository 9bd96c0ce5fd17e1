using System.Diagnostics;
using Comox.FakeBackend;
using Comox.Gateway.CircuitBreaking;

namespace Comox.Gateway.Tests.Pains;

/// <summary>Pain 14: one dead backend that hangs everybody.</summary>
[Collection(AloneCollection.Name)]
public sealed class BlackHoleTests
{
    [Fact]
    public async Task A_black_hole_is_left_out_and_comes_back_by_one_canary_while_the_others_are_as_quick_as_ever()
    {
        await using var routed = await RoutedGateway.StartAsync(
            null,
            [(":FirstTokenTimeout", "00:00:05"), (":LoadBalancing:Policy", "round-robin"), ("Circuit:ConsecutiveFailures", "2"), ("Circuit:Break", "00:00:06"), ("Circuit:Jitter", "0")],
            new At("a") { Script = FakeFaults.BlackHole, Pool = "p" }, new At("b") { Pool = "p" }, new At("c") { Pool = "p" });
        var (hole, circuit) = (routed.Servers[0], routed.Backends.First().Circuit);

        // Those that the hole has swallowed wait for their timer; the others must not wait with them.
        List<Task<IReadOnlyList<string>>> swallowed = [];
        while (swallowed.Count < 3)
        {
            var (before, watch) = (hole.Requests.Count, Stopwatch.StartNew());
            var sent = routed.EventsAsync(RoutedGateway.Body(true));
            await Eventually.IsTrueAsync(() => sent.IsCompleted || hole.Requests.Count > before, "somebody has it");
            if (hole.Requests.Count > before)
                swallowed.Add(sent);
            else
                Assert.True(watch.Elapsed < TimeSpan.FromSeconds(2.5), $"{watch.Elapsed}");
        }

        Assert.All(await Task.WhenAll(swallowed), events => Assert.Equal("[DONE]", events[^1]));
        Assert.Equal(CircuitState.Open, circuit.State);
        var asked = hole.Requests.Count;
        await routed.EventsAsync(RoutedGateway.Body(true));
        Assert.Equal(asked, hole.Requests.Count);

        hole.Script = new() { HoldHeaders = true };
        await Eventually.IsTrueAsync(() => circuit.IsAdmissible, "the break is over");
        var canaries = Enumerable.Range(0, 9).Select(_ => routed.EventsAsync(RoutedGateway.Body(true))).ToArray();
        await Eventually.IsTrueAsync(() => canaries.Count(canary => canary.IsCompleted) == 8, "all but one have been answered elsewhere");
        Assert.Equal(asked + 1, hole.Requests.Count);
        hole.Release();
        Assert.All(await Task.WhenAll(canaries), events => Assert.Equal("[DONE]", events[^1]));
        Assert.Equal(CircuitState.Closed, circuit.State);
    }
}
