using System.Globalization;
using Comox.FakeBackend;
using Comox.Gateway.Backends;
using Comox.Gateway.CircuitBreaking;
using Comox.Gateway.Forwarding;
using Comox.ServiceDefaults.Contracts.OpenAI;
using Microsoft.Extensions.Time.Testing;

namespace Comox.Gateway.Tests.Pains;

/// <summary>Pain 17: failing over to the one that has just failed, not failing over at all, and sessions that wander.</summary>
public sealed class FailoverTests
{
    public static TheoryData<string, FakeScript> Failures => new()
    {
        { "drop", FakeFaults.Drop },
        { "reset", FakeFaults.Reset },
        { "401", FakeFaults.Unauthorized },
        { "402", FakeFaults.OutOfCredit },
        { "403", FakeFaults.Forbidden },
        { "404", new FakeScript { FailWithStatus = 404 } },
        { "429", FakeFaults.QuotaExceeded },
        { "500", new FakeScript { FailWithStatus = 500 } },
        { "503", new FakeScript { FailWithStatus = 503 } },
        { "529", new FakeScript { FailWithStatus = 529 } },
        { "an error first", new FakeScript { ErrorAfter = 0, RawBody = """{"error":{"message":"x"}}""" } },
        { "garbage first", new FakeScript { GarbageAfter = 0, RawBody = "<html>" } },
    };

    [Theory]
    [MemberData(nameof(Failures))]
    public async Task What_is_the_backends_fault_is_asked_of_another_one(string name, FakeScript script)
    {
        await using var routed = await RoutedGateway.StartAsync(new At("a") { Script = script }, new At("b"));

        foreach (var stream in (bool[])[true, false])
        {
            using var response = await routed.SendAsync(RoutedGateway.Body(stream), headers: ("X-Comox-Route-Trace", "1"));
            Assert.Equal(200, (int)response.StatusCode);
            Assert.Contains("fake", await response.Content.ReadAsStringAsync());
        }

        Assert.Equal(2, routed.Servers[1].Requests.Count);
        Assert.NotEmpty(name);
        await routed.IsIdleAsync();
    }

    [Theory]
    [InlineData(400)]
    [InlineData(413)]
    [InlineData(422)]
    public async Task What_is_the_requests_fault_is_asked_of_nobody_else(int status)
    {
        await using var routed = await RoutedGateway.StartAsync(new At("a") { Script = new() { FailWithStatus = status } }, new At("b"));

        foreach (var stream in (bool[])[true, false, true, false, true, false])
            Assert.Equal(status, (await (await routed.SendAsync(RoutedGateway.Body(stream))).ErrorAsync()).Status);

        Assert.Empty(routed.Servers[1].Requests);
        Assert.All(routed.Backends, backend => Assert.Equal(CircuitState.Closed, backend.Circuit.State));
    }

    [Fact]
    public async Task No_attempt_goes_where_one_before_went_and_there_are_no_more_than_the_route_allows()
    {
        At[] failing = [.. Enumerable.Range(0, 6).Select(i => new At($"b{i}") { Script = FakeFaults.Drop, Pool = i < 4 ? "one" : "two" })];
        await using var routed = await RoutedGateway.StartAsync(null, [(":MaxAttempts", "5"), (":LoadBalancing:Policy", "power-of-two")], failing);

        using var response = await routed.SendAsync(RoutedGateway.Body(true), headers: ("X-Comox-Route-Trace", "1"));

        Assert.Equal(503, (int)response.StatusCode);
        Assert.All(routed.Servers, server => Assert.True(server.Requests.Count <= 1));
        Assert.Equal([4, 1], [routed.Servers.Take(4).Sum(server => server.Requests.Count), routed.Servers.Skip(4).Sum(server => server.Requests.Count)]);
        Assert.Equal(5, response.Headers.GetValues("X-Comox-Route-Trace").Single().Split(';').Length);
    }

    [Fact]
    public async Task A_spent_budget_ends_all_further_attempts()
    {
        await using var routed = await RoutedGateway.StartAsync(
            null, [("RetryBudget:Ratio", "0"), ("RetryBudget:MinPerSecond", "0.2"), ("RetryBudget:Window", "00:10:00"), ("Circuit:ConsecutiveFailures", "10000"), ("Circuit:FailureRatio", "1"), ("Circuit:MinThroughput", "1000000")],
            new At("a") { Script = new() { FailWithStatus = 500 } }, new At("b"));

        // 0.2 a second in ten minutes: 120.
        for (var i = 0; i < 120; i++)
            (await routed.SendAsync(RoutedGateway.Body(true))).EnsureSuccessStatusCode().Dispose();
        var error = await (await routed.SendAsync(RoutedGateway.Body(true))).ErrorAsync();

        Assert.Equal(500, error.Status);
        Assert.Equal((121, 120), (routed.Servers[0].Requests.Count, routed.Servers[1].Requests.Count));
    }

    [Fact]
    public async Task A_backend_that_says_when_to_come_back_is_left_alone_until_then()
    {
        var time = new FakeTimeProvider();
        await using var routed = await RoutedGateway.StartAsync(time, [(":LoadBalancing:Policy", "round-robin"), ("Outliers:PanicBelow", "0")], new At("a") { Script = FakeFaults.RateLimited("7"), Pool = "p" }, new At("b") { Pool = "p" });

        for (var i = 0; i < 8; i++)
            (await routed.SendAsync(RoutedGateway.Body(true))).EnsureSuccessStatusCode().Dispose();
        Assert.Single(routed.Servers[0].Requests);
        routed.Servers[0].Script = new();
        time.Advance(TimeSpan.FromSeconds(6.9));
        for (var i = 0; i < 4; i++)
            (await routed.SendAsync(RoutedGateway.Body(true))).EnsureSuccessStatusCode().Dispose();
        Assert.Single(routed.Servers[0].Requests);
        time.Advance(TimeSpan.FromSeconds(2));
        for (var i = 0; i < 4; i++)
            (await routed.SendAsync(RoutedGateway.Body(true))).EnsureSuccessStatusCode().Dispose();

        Assert.True(routed.Servers[0].Requests.Count > 1);
    }

    [Fact]
    public async Task When_all_refuse_the_client_hears_the_last_ones_words_and_when_to_come_back()
    {
        await using var routed = await RoutedGateway.StartAsync(new At("a") { Script = new() { FailWithStatus = 500 } }, new At("b") { Script = FakeFaults.RateLimited("7") });

        using var response = await routed.SendAsync(RoutedGateway.Body(true));

        Assert.Equal((429, TimeSpan.FromSeconds(7)), ((int)response.StatusCode, response.Headers.RetryAfter?.Delta));
        Assert.Contains("Rate limit reached.", await response.Content.ReadAsStringAsync());
    }

    [Theory]
    [InlineData(RelayOptions.Linux)]
    [InlineData(RelayOptions.Portable)]
    public async Task A_date_to_come_back_at_is_kept_as_seconds_are(string relay)
    {
        Assert.SkipWhen(relay == RelayOptions.Linux && !OperatingSystem.IsLinux(), "This relay is Linux's.");
        var time = new FakeTimeProvider();
        var script = FakeFaults.RateLimited(time.GetUtcNow().AddSeconds(90).ToString("R", CultureInfo.InvariantCulture));
        await using var routed = await RoutedGateway.StartAsync(time, [("Relay:Mode", relay), ("Circuit:Jitter", "0")], new At("a") { Script = script });

        using var response = await routed.SendAsync(RoutedGateway.Body(true));

        Assert.Equal((429, TimeSpan.FromSeconds(90)), ((int)response.StatusCode, response.Headers.RetryAfter?.Delta));
        var circuit = routed.Backends.Single().Circuit;
        Assert.Equal((CircuitState.Open, TimeSpan.FromSeconds(90)), (circuit.State, circuit.OpenFor));
    }

    [Fact]
    public async Task A_session_stays_with_its_provider()
    {
        At[] pool = [.. Enumerable.Range(0, 4).Select(i => new At($"b{i}", BackendKinds.OpenAI) { Pool = "p" })];
        await using var routed = await RoutedGateway.StartAsync(pool);
        var homes = new HashSet<int>();

        for (var session = 0; session < 12; session++)
        {
            var before = routed.Servers.Select(server => server.Requests.Count).ToArray();
            for (var turn = 0; turn < 5; turn++)
            {
                using var response = await routed.SendAsync(RoutedGateway.Body(turn % 2 == 0, messages: $$"""{"role":"user","content":"{{session}} {{turn}}"}"""), session: $"s-{session}");
                await response.Content.ReadAsStringAsync();
                await routed.IsIdleAsync();
            }

            var added = routed.Servers.Select((server, i) => server.Requests.Count - before[i]).ToArray();
            Assert.Equal([0, 0, 0, 5], added.Order());
            homes.Add(Array.IndexOf(added, 5));
        }

        Assert.True(homes.Count > 1, "all sessions went to one provider");
    }

    [Fact]
    public async Task A_cloud_that_is_down_is_passed_over_by_its_pool_and_most_of_a_pool_down_is_a_pool_down()
    {
        await using var routed = await RoutedGateway.StartAsync(
            null, [("Circuit:ConsecutiveFailures", "1"), ("Circuit:Break", "00:10:00"), ("Circuit:LongestBreak", "00:10:00")],
            new At("a") { Script = FakeFaults.Drop, Pool = "one" }, new At("b") { Script = FakeFaults.Drop, Pool = "one" }, new At("c") { Pool = "one" }, new At("d") { Pool = "two" });
        for (var i = 0; i < 12 && routed.Backends.Count(backend => backend.Circuit.State == CircuitState.Open) < 2; i++)
            (await routed.SendAsync(RoutedGateway.Body(true))).EnsureSuccessStatusCode().Dispose();
        Assert.Equal(2, routed.Backends.Count(backend => backend.Circuit.State == CircuitState.Open));
        var before = routed.Servers.Select(server => server.Requests.Count).ToArray();

        for (var i = 0; i < 5; i++)
            (await routed.SendAsync(RoutedGateway.Body(true))).EnsureSuccessStatusCode().Dispose();

        // One of three is below half of the pool: it would drown, and there is another pool.
        Assert.Equal([0, 0, 0, 5], routed.Servers.Select((server, i) => server.Requests.Count - before[i]));
        await routed.Servers[3].DisposeAsync();
    }

    [Fact]
    public async Task A_name_that_nobody_knows_is_like_a_server_that_is_down()
    {
        await using var routed = await RoutedGateway.StartAsync(new At("a") { Url = "http://nobody.invalid:1/v1" }, new At("b"));

        (await routed.SendAsync(RoutedGateway.Body(true))).EnsureSuccessStatusCode().Dispose();

        Assert.Single(routed.Servers[1].Requests);
    }

    [Fact]
    public async Task A_name_that_nobody_knows_is_told_of_where_there_is_nobody_else()
    {
        await using var routed = await RoutedGateway.StartAsync(new At("a") { Url = "http://nobody.invalid:1/v1" });

        foreach (var stream in (bool[])[true, false])
        {
            var error = await (await routed.SendAsync(RoutedGateway.Body(stream))).ErrorAsync();
            Assert.Equal((503, ErrorCodes.EngineUnavailable), (error.Status, error.Code));
            Assert.Contains("Url", error.Message);
        }
    }
}
