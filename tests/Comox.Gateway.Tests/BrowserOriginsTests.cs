using System.Net;

namespace Comox.Gateway.Tests;

/// <summary>What a browser asks before it lets a page of another origin talk to the gateway.</summary>
public sealed class BrowserOriginsTests
{
    private const string Page = "https://chat.example.org";

    [Theory]
    [InlineData(Page, Page)]
    [InlineData("*", "*")]
    public async Task A_page_of_an_origin_that_is_named_is_let_in(string setting, string allowed)
    {
        await using var gateway = await GatewayUnderTest.StartAsync(settings: ("BrowserOrigins:0", setting));
        using var stranger = gateway.Service.CreateClient(key: null);

        using var asked = await stranger.SendAsync(Question("/v1/chat/completions"), HttpCompletionOption.ResponseHeadersRead);
        Assert.Equal(HttpStatusCode.NoContent, asked.StatusCode);
        Assert.Equal((allowed, "GET, POST", "authorization,content-type"), (Of(asked, "Access-Control-Allow-Origin"), Of(asked, "Access-Control-Allow-Methods"), Of(asked, "Access-Control-Allow-Headers")));

        using var refused = await stranger.SendAsync(From(HttpMethod.Get, "/v1/models"), HttpCompletionOption.ResponseHeadersRead);
        Assert.Equal((HttpStatusCode.Unauthorized, allowed), (refused.StatusCode, Of(refused, "Access-Control-Allow-Origin")));
        using var answered = await gateway.Http.SendAsync(From(HttpMethod.Get, "/v1/models"), HttpCompletionOption.ResponseHeadersRead);
        Assert.Equal((HttpStatusCode.OK, allowed, "Origin"), (answered.StatusCode, Of(answered, "Access-Control-Allow-Origin"), Of(answered, "Vary")));
        Assert.Contains("X-Comox-Session", Of(answered, "Access-Control-Expose-Headers"));

        using var admin = await stranger.SendAsync(Question("/gateway/status"), HttpCompletionOption.ResponseHeadersRead);
        Assert.NotEqual(HttpStatusCode.NoContent, admin.StatusCode);
        Assert.Null(Of(admin, "Access-Control-Allow-Origin"));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("https://other.example.org")]
    public async Task Any_other_page_is_not(string? setting)
    {
        await using var gateway = await GatewayUnderTest.StartAsync(settings: setting is null ? [] : [("BrowserOrigins:0", setting)]);
        using var stranger = gateway.Service.CreateClient(key: null);
        using var asked = await stranger.SendAsync(Question("/v1/chat/completions"), HttpCompletionOption.ResponseHeadersRead);
        Assert.Equal((HttpStatusCode.Unauthorized, null), (asked.StatusCode, Of(asked, "Access-Control-Allow-Origin")));
        using var answered = await gateway.Http.SendAsync(From(HttpMethod.Get, "/v1/models"), HttpCompletionOption.ResponseHeadersRead);
        Assert.Equal((HttpStatusCode.OK, null), (answered.StatusCode, Of(answered, "Access-Control-Allow-Origin")));
    }

    [Theory]
    [InlineData("https://chat.example.org/", true)]
    [InlineData("http://localhost:3000", true)]
    [InlineData("https://chat.example.org/app", false)]
    [InlineData("chat.example.org", false)]
    [InlineData("", false)]
    public void An_origin_has_no_path(string origin, bool isRight)
    {
        var faults = new GatewayOptionsValidator().Validate(null, new GatewayOptions { BrowserOrigins = [origin] });
        Assert.Equal(isRight, faults.Succeeded);
        if (!isRight)
            Assert.Contains("Comox:Gateway:BrowserOrigins:0", faults.FailureMessage);
    }

    private static HttpRequestMessage Question(string path)
    {
        var request = From(HttpMethod.Options, path);
        request.Headers.Add("Access-Control-Request-Method", "POST");
        request.Headers.Add("Access-Control-Request-Headers", "authorization,content-type");
        return request;
    }

    private static HttpRequestMessage From(HttpMethod method, string path)
    {
        var request = new HttpRequestMessage(method, path);
        request.Headers.Add("Origin", Page);
        return request;
    }

    private static string? Of(HttpResponseMessage response, string header) =>
        response.Headers.TryGetValues(header, out var values) || response.Content.Headers.TryGetValues(header, out values) ? string.Join(", ", values) : null;
}
