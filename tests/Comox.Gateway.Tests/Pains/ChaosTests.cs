using Comox.FakeBackend;
using Comox.Gateway.Backends;
using Comox.Gateway.LoadBalancing;

namespace Comox.Gateway.Tests.Pains;

/// <summary>Pain 12: counters that drift, and one backend that gets what is meant for all.</summary>
[Collection(AloneCollection.Name)]
public sealed class ChaosTests
{
    private const string Persona = "You are \\u00c4da. \\ud83d\\ude00";

    [Fact]
    public async Task Nothing_is_left_in_any_counter_after_chaos()
    {
        FakeScript[] faults =
        [
            FakeFaults.Drop, FakeFaults.Reset, FakeFaults.KilledAfter(1), FakeFaults.KilledAfter(3, reset: true), FakeFaults.QuotaExceeded,
            new() { FailWithStatus = 500 }, new() { GarbageAfter = 2 }, new() { ErrorAfter = 4 }, new(), new(), new() { TokensPerSecond = 50 },
        ];
        string[] kinds = [BackendKinds.VLlm, BackendKinds.OpenAI, BackendKinds.LlamaCpp, BackendKinds.VLlm];
        await using var routed = await RoutedGateway.StartAsync(
            null, [(":HedgeAfter", "00:00:00.030"), ("Circuit:Break", "00:00:00.050"), ("RetryBudget:Ratio", "5")],
            [.. kinds.Select((kind, i) => new At($"b{i}", kind) { Pool = i < 3 ? "one" : "two" })]);
        var number = 0;
        foreach (var server in routed.Servers)
            server.Choose = _ => faults[Interlocked.Increment(ref number) % faults.Length];

        await Task.WhenAll(Enumerable.Range(0, 240).Select(async i =>
        {
            using var patience = new CancellationTokenSource(i % 5 == 0 ? TimeSpan.FromMilliseconds(20) : TimeSpan.FromSeconds(50), TimeProvider.System);
            try
            {
                var (path, body) = RequestOf(i);
                using var response = await routed.SendAsync(body, path, session: $"s-{i % 20}", cancellation: patience.Token);
                await response.Content.ReadAsStringAsync(patience.Token);
            }
            catch (Exception problem) when (problem is OperationCanceledException or HttpRequestException or IOException)
            {
                // A client that lost its patience.
            }
        }));
        await routed.IsIdleAsync();

        Assert.Equal(["/v1/chat/completions", "/v1/completions"], routed.Servers.SelectMany(server => server.Requests).Select(request => request.Path).Distinct().Order());

        // A counter below zero reads as zero: one more request shows it.
        foreach (var load in routed.Backends.Select(backend => backend.Load))
        {
            using var lease = load.Begin(new RequestCost(10, 0, 5));
            Assert.Equal((1, 10L, 5L), (load.InFlight, load.PromptTokens, load.OutputTokens));
        }

        // Whatever was out as a canary has told how it went: all come back.
        foreach (var server in routed.Servers)
            server.Choose = null;
        await Eventually.IsTrueAsync(() => routed.Backends.All(backend => backend.Circuit.IsAdmissible), "every circuit lets requests in");
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_burst_is_spread_and_so_is_one_hot_prefix(bool hot)
    {
        await using var routed = await RoutedGateway.StartAsync([.. Enumerable.Range(0, 4).Select(i => new At($"b{i}") { Pool = "p", Script = new() { HoldHeaders = true } })]);
        var shared = new string('x', 8_000);

        var sent = Enumerable.Range(0, 800).Select(i => routed.SendAsync(
            RoutedGateway.Body(true, messages: $$"""{"role":"user","content":"{{(hot ? shared : $"{i} {i * 7919}")}} {{i}}"}"""))).ToArray();
        await Eventually.IsTrueAsync(() => routed.Servers.Sum(server => server.Requests.Count) == 800, "all are on their way");
        var counts = routed.Servers.Select(server => server.Requests.Count).ToArray();
        foreach (var server in routed.Servers)
            server.Release();
        foreach (var response in await Task.WhenAll(sent))
            response.Dispose();

        Assert.True(counts.Max() <= 1.5 * counts.Average(), string.Join(' ', counts));
        await routed.IsIdleAsync();
    }

    // Every API, streamed and not, and the same system prompt in all: whoever goes on must be told what the one before was told.
    private static (string Path, string Body) RequestOf(int number)
    {
        var stream = number / 4 % 2 == 0 ? "true" : "false";
        return (number % 4) switch
        {
            0 => ("/v1/chat/completions", RoutedGateway.Body(number / 4 % 2 == 0)),
            1 => ("/v1/completions", $$"""{"model":"m","prompt":"Say","stream":{{stream}}}"""),
            2 => ("/v1/responses", $$"""{"model":"m","instructions":"{{Persona}}","input":"Hi","stream":{{stream}}}"""),
            _ => ("/v1/messages", $$"""{"model":"m","max_tokens":99,"system":"{{Persona}}","messages":[{"role":"user","content":"Hi"}],"stream":{{stream}}}"""),
        };
    }
}
