using Comox.FakeBackend;
using Comox.Gateway.Backends;
using Comox.Gateway.Tests.Pains;
using Comox.ServiceDefaults.Contracts.OpenAI;
using Microsoft.Extensions.Time.Testing;

namespace Comox.Gateway.Tests;

/// <summary>An answer that is passed through whole shows no token, so nobody can say that the first one is late.</summary>
public sealed class WholeAnswerTests
{
    private readonly FakeTimeProvider _time = new();

    [Theory]
    [InlineData("/v1/chat/completions", """{"model":"m","messages":[{"role":"user","content":"Hi"}]}""")]
    [InlineData("/v1/completions", """{"model":"m","prompt":"Hi"}""")]
    public async Task It_may_take_longer_than_a_first_token(string path, string body)
    {
        await using var routed = await StartAsync(new() { HoldHeaders = true });

        var sent = routed.SendAsync(body, path);
        var request = await routed.Servers[0].NextRequestAsync();
        _time.Advance(TimeSpan.FromSeconds(25));
        Assert.False(request.Aborted.IsCompleted);
        routed.Servers[0].Release();

        using var response = await sent;
        Assert.Equal(200, (int)response.StatusCode);
        Assert.Contains("Hello from the fake.", await response.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task It_may_not_take_longer_than_answers_may_take_in_all()
    {
        await using var routed = await StartAsync(FakeFaults.BlackHole);

        var sent = routed.SendAsync(RoutedGateway.Body(false));
        var request = await routed.Servers[0].NextRequestAsync();
        await UntilAsync(sent);

        using var response = await sent;
        var (status, code, message) = await response.ErrorAsync();
        Assert.Equal((504, ErrorCodes.UpstreamTimeout), (status, code));
        Assert.Contains("Comox:Gateway:TotalTimeout", message);
        await request.Aborted.WaitAsync(TimeSpan.FromMinutes(1));
    }

    [Theory]
    [InlineData("/v1/embeddings", """{"model":"m","input":"Hi"}""")]
    [InlineData("/v1/chat/completions", """{"model":"m","messages":[{"role":"user","content":"Hi"}],"stream":true}""")]
    public async Task Vectors_and_streams_begin_within_the_time_of_a_first_token(string path, string body)
    {
        await using var routed = await StartAsync(FakeFaults.BlackHole);

        var sent = routed.SendAsync(body, path);
        await routed.Servers[0].NextRequestAsync();
        await UntilAsync(sent);

        using var response = await sent;
        Assert.Contains("Comox:Gateway:FirstTokenTimeout", (await response.ErrorAsync()).Message);
    }

    private Task<RoutedGateway> StartAsync(FakeScript script) =>
        RoutedGateway.StartAsync(_time, [(":FirstTokenTimeout", "00:00:10"), (":TotalTimeout", "00:00:30")], new At("a", BackendKinds.OpenAI) { Script = script });

    // The gateway arms its timer in its own time.
    private Task UntilAsync(Task effect) => Eventually.IsTrueAsync(
        () =>
        {
            if (!effect.IsCompleted)
                _time.Advance(TimeSpan.FromSeconds(0.5));
            return effect.IsCompleted;
        },
        "the timer has run out");
}
