using System.Net;
using System.Net.Http.Headers;
using System.Text;
using Comox.Gateway.Routing;
using Comox.Gateway.Tests.Admin;

namespace Comox.Gateway.Tests.Routing;

/// <summary>Why this backend, for those who ask.</summary>
public sealed class RouteTraceTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task It_tells_who_answered_and_why(bool stream)
    {
        await using var live = await LiveGateway.StartAsync(it => LiveGateway.Routes(LiveGateway.Route("one", ("a", it.A))));

        using var response = await AskAsync(live, "one", stream: stream);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Matches(@"^1 local/a pool=local policy=auto reason=\w+ cached=\d+ wait=[\d.]+ best=[\d.]+$", TraceOf(response.Headers));
    }

    [Fact]
    public async Task After_a_fallback_it_tells_who_failed_and_how()
    {
        await using var live = await LiveGateway.StartAsync(it => LiveGateway.Routes(LiveGateway.Route("one", ("a", it.A), ("b", it.B))));
        live.A.Script = new() { FailWithStatus = 503 };

        using var response = await AskAsync(live, "one");

        var attempts = TraceOf(response.Headers)!.Split("; ");
        Assert.Equal(2, attempts.Length);
        Assert.Matches(@"^1 local/a .* failed=EngineAnswer:\d+$", attempts[0]);
        Assert.StartsWith("2 local/b ", attempts[1]);
        Assert.DoesNotContain("failed", attempts[1]);
    }

    [Fact]
    public async Task A_refusal_after_attempts_carries_them_too()
    {
        await using var live = await LiveGateway.StartAsync(it => LiveGateway.Routes(LiveGateway.Route("one", ("a", it.A), ("b", it.B))));
        live.A.Script = live.B.Script = new() { DropBeforeHeaders = true };

        using var response = await AskAsync(live, "one");

        Assert.True(response.StatusCode >= HttpStatusCode.InternalServerError);
        Assert.Equal(["1 local/a", "2 local/b"], TraceOf(response.Headers)!.Split("; ").Select(attempt => attempt[..9]));
        Assert.All(TraceOf(response.Headers)!.Split("; "), attempt => Assert.Matches(@"failed=\w+:\d+$", attempt));
    }

    [Theory]
    [InlineData(null, "one")]
    [InlineData("0", "one")]
    [InlineData("yes", "one")]
    [InlineData("1", "there-is-no-such-model")]
    public async Task Who_does_not_ask_or_was_sent_nowhere_gets_none(string? asked, string model)
    {
        await using var live = await LiveGateway.StartAsync(it => LiveGateway.Routes(LiveGateway.Route("one", ("a", it.A))));

        using var response = await AskAsync(live, model, asked);

        Assert.Null(TraceOf(response.Headers));
    }

    [Fact]
    public async Task A_name_from_the_settings_cannot_write_a_header_of_its_own()
    {
        await using var live = await LiveGateway.StartAsync(it => LiveGateway.Routes(LiveGateway.Route("one", ("a\r\nSet-Cookie: b=c; 2 local/fake é", it.A))));

        using var response = await AskAsync(live, "one");

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.False(response.Headers.Contains("Set-Cookie"));
        Assert.StartsWith("1 local/a__Set-Cookie:_b=c__2_local/fake__ pool=local ", TraceOf(response.Headers));
        Assert.DoesNotContain(";", TraceOf(response.Headers));
    }

    private static async Task<HttpResponseMessage> AskAsync(LiveGateway live, string model, string? asked = "1", bool stream = true)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, "/v1/chat/completions")
        {
            Content = new StringContent((stream ? Chat.Streamed : Chat.Whole).Replace("fake-model", model), Encoding.UTF8, "application/json"),
        };
        if (asked is not null)
            request.Headers.Add(RouteTraceHeader.Name, asked);
        return await live.Gateway.Http.SendAsync(request, HttpCompletionOption.ResponseContentRead);
    }

    private static string? TraceOf(HttpResponseHeaders headers) => headers.TryGetValues(RouteTraceHeader.Name, out var values) ? Assert.Single(values) : null;
}
