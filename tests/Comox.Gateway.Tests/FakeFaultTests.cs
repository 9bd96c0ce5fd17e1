using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Comox.FakeBackend;

namespace Comox.Gateway.Tests;

/// <summary>The fake's ways to fail, and its continuation of an answer that another server began.</summary>
public sealed class FakeFaultTests
{
    private const string Persona = """{"role":"system","content":"You are Ada."}""";

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_connection_ends_before_the_headers(bool reset)
    {
        await using var fake = await FakeBackendServer.StartAsync(script: reset ? FakeFaults.Reset : FakeFaults.Drop);

        var problem = await Assert.ThrowsAsync<HttpRequestException>(() => SendAsync(fake, Body()));

        var socket = problem.InnerException?.InnerException as SocketException ?? problem.InnerException as SocketException;
        Assert.Equal(reset ? SocketError.ConnectionReset : null, socket?.SocketErrorCode);
        await fake.Requests.Single().Ended.WaitAsync(TimeSpan.FromMinutes(1));
    }

    [Fact]
    public async Task A_reset_comes_after_the_events_that_were_scripted_before_it()
    {
        await using var fake = await FakeBackendServer.StartAsync(script: FakeFaults.KilledAfter(3, reset: true));
        using var response = await SendAsync(fake, Body());
        await using var stream = await response.Content.ReadAsStreamAsync();
        using var reader = new StreamReader(stream);
        List<string> data = [];

        var problem = await Assert.ThrowsAnyAsync<IOException>(async () =>
        {
            while (await reader.ReadLineAsync() is { } line)
            {
                if (line.Length > 0)
                    data.Add(line[6..]);
            }
        });

        Assert.Equal("Hello from", Chat.TextOf(data));
        Assert.Equal(SocketError.ConnectionReset, Assert.IsType<SocketException>(problem.InnerException).SocketErrorCode);
    }

    [Fact]
    public async Task A_black_hole_takes_the_request_and_notices_who_leaves()
    {
        await using var fake = await FakeBackendServer.StartAsync(script: FakeFaults.BlackHole);
        using var patience = new CancellationTokenSource();

        var sending = SendAsync(fake, Body(), patience.Token);
        var request = await fake.NextRequestAsync();
        fake.Release();
        await patience.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => sending);
        await request.Aborted.WaitAsync(TimeSpan.FromMinutes(1));
    }

    [Fact]
    public async Task A_limit_says_when_to_come_back()
    {
        await using var fake = await FakeBackendServer.StartAsync(script: FakeFaults.RateLimited("7"));

        using var response = await SendAsync(fake, Body());

        Assert.Equal((HttpStatusCode.TooManyRequests, TimeSpan.FromSeconds(7)), (response.StatusCode, response.Headers.RetryAfter?.Delta));
        Assert.Equal("rate_limit_exceeded", (await response.JsonAsync()).GetProperty("error").GetProperty("code").GetString());
        Assert.Empty(fake.Violations);
    }

    [Theory]
    [InlineData("", "Hello from the fake.")]
    [InlineData("Hello from", " the fake.")]
    [InlineData("Hello fr", "om the fake.")]
    [InlineData("Hello from the fake.", "")]
    public async Task An_answer_goes_on_exactly_where_it_was_cut(string said, string rest)
    {
        await using var first = await FakeBackendServer.StartAsync();
        await using var second = await FakeBackendServer.StartAsync();
        second.Predecessor = first;
        (await SendAsync(first, Body())).Dispose();

        using var response = await SendAsync(second, Continuation(said));

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(rest, Chat.TextOf(Chat.Events(await response.Content.ReadAsStringAsync())));
    }

    [Theory]
    [InlineData("Hello", Persona, """,{"role":"user","content":"Go on"}""", ""","add_generation_prompt":false""", "not the assistant's")]
    [InlineData("Hello", Persona, "", "", "add_generation_prompt")]
    [InlineData("Hallo", Persona, "", ""","add_generation_prompt":false""", "not how the answer begins")]
    [InlineData("Hello", """{"role":"system","content":"You are Ada. "}""", "", ""","add_generation_prompt":false""", "system prompt differs")]
    public async Task A_continuation_that_would_change_the_answer_is_refused(string said, string system, string after, string flags, string reason)
    {
        await using var fake = await FakeBackendServer.StartAsync();
        (await SendAsync(fake, Body())).Dispose();

        using var response = await SendAsync(fake, Continuation(said, system, after, flags));

        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Contains(reason, Assert.Single(fake.Violations));
    }

    [Fact]
    public async Task A_choice_of_scripts_is_made_once_for_each_request()
    {
        await using var fake = await FakeBackendServer.StartAsync();
        (await SendAsync(fake, Body())).Dispose();
        var chosen = 0;
        fake.Choose = _ => ++chosen == 1 ? FakeFaults.Unauthorized : null;

        using var first = await SendAsync(fake, Continuation(""));
        using var second = await SendAsync(fake, Continuation("Hello"));

        Assert.Equal(2, chosen);
        Assert.Equal((HttpStatusCode.Unauthorized, HttpStatusCode.OK), (first.StatusCode, second.StatusCode));
    }

    private static string Body(string messages = Persona + """,{"role":"user","content":"Hi"}""", string more = "") =>
        $$"""{"model":"fake-model","stream":true,"max_tokens":9,"messages":[{{messages}}]{{more}}}""";

    private static string Continuation(string said, string system = Persona, string after = "", string flags = ""","add_generation_prompt":false""") =>
        Body($$"""{{system}},{"role":"user","content":"Hi"},{"role":"assistant","content":{{JsonSerializer.Serialize(said)}}}{{after}}""", $$""","continue_final_message":true{{flags}}""");

    private static async Task<HttpResponseMessage> SendAsync(FakeBackendServer fake, string body, CancellationToken cancellation = default)
    {
        var http = new HttpClient { BaseAddress = fake.Address };
        http.DefaultRequestHeaders.Authorization = new("Bearer", fake.Key);
        var request = new HttpRequestMessage(HttpMethod.Post, "/v1/chat/completions") { Content = new StringContent(body) };
        return await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellation);
    }
}
