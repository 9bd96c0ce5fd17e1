using System.Net;
using System.Net.Sockets;
using Comox.FakeBackend;
using Comox.Gateway.Forwarding;
using Comox.ServiceDefaults.Contracts.OpenAI;
using Microsoft.Extensions.Time.Testing;

namespace Comox.Gateway.Tests;

public abstract class StreamFailureTests(string relay) : BothRelays(relay)
{
    [Theory]
    [InlineData(400, """{"error":{"code":400,"message":"request (10820 tokens) exceeds the available context size (2048 tokens)","type":"exceed_context_size_error"}}""", 400, "context_length_exceeded", "10820 tokens")]
    [InlineData(400, """{"error":{"message":"'max_tokens' or 'max_completion_tokens' is too large: 1500. This model's maximum context length is 4096 tokens and your request has 2778 input tokens","type":"BadRequestError","param":null,"code":400}}""", 400, "context_length_exceeded", "2778")]
    [InlineData(400, """{"error":{"message":"The decoder prompt (length 9000) is longer than the maximum model length of 4096.","type":"BadRequestError","param":null,"code":400}}""", 400, "context_length_exceeded", "9000")]
    [InlineData(400, """{"error":{"message":"Your input is too large.","type":"invalid_request_error","param":"messages","code":"context_length_exceeded"}}""", 400, "context_length_exceeded", "too large")]
    [InlineData(400, """{"error":{"code":400,"message":"Field 'temperature': wrong type","type":"invalid_request_error"}}""", 400, "invalid_request", "temperature")]
    [InlineData(503, """{"error":{"message":"Loading model","type":"unavailable_error","code":503}}""", 503, "engine_loading", "Loading model")]
    [InlineData(500, "<html>crash</html>", 500, "upstream_error", "fake-node/chat")]
    [InlineData(401, """{"error":{"message":"Invalid API Key","type":"authentication_error","code":401}}""", 502, "upstream_error", "service key")]
    [InlineData(302, "", 502, "upstream_error", "no answer to a chat")]
    [InlineData(404, """{"error":{"message":"The engine is gone.","type":"not_found_error","param":null,"code":"engine_not_found","source":"comox"}}""", 404, "engine_not_found", "gone")]
    public async Task An_engines_error_before_the_first_event_keeps_its_status_and_words(int status, string body, int expectedStatus, string code, string message)
    {
        await using var gateway = await StartAsync(new() { FailWithStatus = status, FailWithBody = body });

        foreach (var chat in (string[])[Chat.Streamed, Chat.Whole])
        {
            var error = await (await gateway.SendAsync(chat)).ErrorAsync();
            Assert.Equal((expectedStatus, code), (error.Status, error.Code));
            Assert.Contains(message, error.Message);
        }
    }

    [Fact]
    public async Task An_error_as_the_first_event_becomes_a_status()
    {
        await using var gateway = await StartAsync(new() { ErrorAfter = 0 });

        var error = await (await gateway.SendAsync(Chat.Streamed)).ErrorAsync();

        Assert.Equal((500, ErrorCodes.UpstreamError, "Context size has been exceeded."), error);
    }

    [Fact]
    public async Task An_engines_error_in_mid_stream_goes_through_and_ends_the_answer_without_done()
    {
        await using var gateway = await StartAsync(new() { ErrorAfter = 3 });

        var stream = await (await gateway.SendAsync(Chat.Streamed)).Content.ReadAsStringAsync();

        Assert.Equal("Hello from", Chat.TextOf(Chat.Events(stream)));
        Assert.EndsWith("""data: {"error":{"code":500,"message":"Context size has been exceeded.","type":"server_error"}}""" + "\n\n", stream);
        await Eventually.IsTrueAsync(() => gateway.Log.Lines.Any(line => line.Message.EndsWith("failed at EngineStream: 500 upstream_error", StringComparison.Ordinal)), "the failure is logged");
    }

    [Fact]
    public async Task An_error_that_nests_deeply_is_still_the_engines_error()
    {
        var deep = new string('[', 200) + new string(']', 200);
        await using var gateway = await StartAsync(new() { RawEvents = [$$$"""data: {"error":{"code":507,"message":"Too deep.","details":{{{deep}}}}}"""] });

        var error = await (await gateway.SendAsync(Chat.Streamed)).ErrorAsync();

        Assert.Equal((507, ErrorCodes.UpstreamError, "Too deep."), error);
    }

    public static TheoryData<string, FakeScript> Breaks => new()
    {
        { "dropped", new FakeScript { DropAfter = 3 } },
        { "closed without an end", new FakeScript { RawEvents = [Delta("Hello"), Delta(" from")] } },
        { "garbage", new FakeScript { GarbageAfter = 3 } },
        { "newline-less flood", new FakeScript { FloodAfter = 3 } },
    };

    [Theory]
    [MemberData(nameof(Breaks))]
    public async Task A_stream_that_breaks_ends_with_one_error_event_and_no_done(string how, FakeScript script)
    {
        await using var gateway = await StartAsync(script, settings: ("MaxEventBytes", "1048576"));

        using var response = await gateway.SendAsync(Chat.Streamed);
        var events = Chat.Events(await response.Content.ReadAsStringAsync());

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal("Hello from", Chat.TextOf(events));
        Assert.Single(events, data => data.StartsWith("{\"error\"", StringComparison.Ordinal));
        Assert.Contains(ErrorCodes.UpstreamError, events[^1]);
        Assert.True(how.Length > 0);
    }

    [Theory]
    [MemberData(nameof(Breaks))]
    public async Task An_unstreamed_answer_that_breaks_is_an_error_and_not_half_an_answer(string how, FakeScript script)
    {
        await using var gateway = await StartAsync(script, settings: ("MaxEventBytes", "1048576"));

        var error = await (await gateway.SendAsync(Chat.Whole)).ErrorAsync();

        Assert.Equal((502, ErrorCodes.UpstreamError), (error.Status, error.Code));
        Assert.True(how.Length > 0);
    }

    [Fact]
    public async Task An_engine_that_answers_with_something_else_is_an_error()
    {
        await using var gateway = await StartAsync(new() { RawEvents = [] });

        var error = await (await gateway.SendAsync(Chat.Streamed)).ErrorAsync();

        Assert.Equal((502, ErrorCodes.UpstreamError), (error.Status, error.Code));
    }

    [Fact]
    public async Task A_node_that_does_not_take_the_connection_is_named()
    {
        await using var gateway = await StartAsync(new() { DropAfter = 0 });

        var error = await (await gateway.SendAsync(Chat.Streamed)).ErrorAsync();

        Assert.Contains(error.Status, (int[])[502, 503]);
        Assert.Contains("fake-node/chat", error.Message);
    }

    [Fact]
    public async Task A_node_that_never_answers_the_connection_is_a_503()
    {
        await using var gateway = await StartAsync(settings: ("ConnectTimeout", "00:00:00.200"));
        // One connection fills the backlog; the system lets every further one wait.
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start(0);
        using var first = new TcpClient();
        await first.ConnectAsync((IPEndPoint)listener.LocalEndpoint);
        gateway.MoveNode(new Uri($"http://{listener.LocalEndpoint}"));

        var error = await (await gateway.SendAsync(Chat.Streamed)).ErrorAsync();

        Assert.Equal((503, ErrorCodes.EngineUnavailable), (error.Status, error.Code));
        Assert.Contains("fake-node/chat", error.Message);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_finished_answer_without_done_ends_properly(bool hangs)
    {
        var time = new FakeTimeProvider();
        await using var gateway = await StartAsync(new() { OmitDone = true, HangAtEnd = hangs }, time);

        using var response = await gateway.SendAsync(Chat.Streamed);
        var reading = response.Content.ReadAsStringAsync();
        if (hangs)
            await AdvanceUntilAsync(time, TimeSpan.FromSeconds(1), reading);
        var events = Chat.Events(await reading);

        Assert.Equal("Hello from the fake.", Chat.TextOf(events));
        Assert.Equal("[DONE]", events[^1]);
    }

    [Fact]
    public async Task No_first_token_in_time_is_a_504_although_the_engine_sends_heartbeats()
    {
        var time = new FakeTimeProvider();
        await using var gateway = await StartAsync(new() { HangAfter = 0, HeartbeatEvery = TimeSpan.FromMilliseconds(20) }, time, settings: [("FirstTokenTimeout", "00:00:30"), ("KeepAliveInterval", "01:00:00")]);

        var sent = gateway.SendAsync(Chat.Streamed);
        var request = await gateway.Node.NextRequestAsync();
        await AdvanceUntilAsync(time, TimeSpan.FromSeconds(1), sent);

        var error = await (await sent).ErrorAsync();
        Assert.Equal((504, ErrorCodes.UpstreamTimeout), (error.Status, error.Code));
        await request.Aborted.WaitAsync(TimeSpan.FromMinutes(1));
    }

    [Fact]
    public async Task Silence_between_tokens_ends_the_stream_although_the_engine_sends_heartbeats()
    {
        var time = new FakeTimeProvider();
        await using var gateway = await StartAsync(
            new() { HangAfter = 3, HeartbeatEvery = TimeSpan.FromMilliseconds(20) }, time, settings: [("TokenIdleTimeout", "00:00:40"), ("FirstTokenTimeout", "01:00:00")]);

        using var response = await gateway.SendAsync(Chat.Streamed);
        var reading = response.Content.ReadAsStringAsync();
        var request = await gateway.Node.NextRequestAsync();
        await AdvanceUntilAsync(time, TimeSpan.FromSeconds(1), reading);

        var events = Chat.Events(await reading);
        Assert.Equal("Hello from", Chat.TextOf(events));
        Assert.Contains(ErrorCodes.UpstreamTimeout, events[^1]);
        await request.Aborted.WaitAsync(TimeSpan.FromMinutes(1));
    }

    [Fact]
    public async Task A_long_prompt_is_kept_alive_with_comments_before_its_first_token()
    {
        var time = new FakeTimeProvider();
        await using var gateway = await GatewayUnderTest.StartAsync(new() { HoldAfter = 0 }, time, settings: [("KeepAliveInterval", "00:00:10"), ("FirstTokenTimeout", "01:00:00")]);

        var sent = gateway.SendAsync(Chat.Streamed);
        await gateway.Node.NextRequestAsync();
        await AdvanceUntilAsync(time, TimeSpan.FromSeconds(1), sent);
        using var reader = new StreamReader(await (await sent).Content.ReadAsStreamAsync());

        Assert.Equal(": ping", await reader.ReadLineAsync());
        gateway.Node.Release();
        Assert.Equal("Hello from the fake.", Chat.TextOf(Chat.Events(await reader.ReadToEndAsync())));
    }

    [Fact]
    public async Task An_answer_that_takes_longer_than_any_may_is_ended()
    {
        var time = new FakeTimeProvider();
        await using var gateway = await GatewayUnderTest.StartAsync(
            new() { HangAfter = 3 }, time, settings: [("TotalTimeout", "00:05:00"), ("TokenIdleTimeout", "01:00:00"), ("KeepAliveInterval", "01:00:00")]);

        using var response = await gateway.SendAsync(Chat.Streamed);
        var reading = response.Content.ReadAsStringAsync();
        await AdvanceUntilAsync(time, TimeSpan.FromSeconds(10), reading);

        Assert.Contains("TotalTimeout", Chat.Events(await reading)[^1]);
    }

    [Fact]
    public async Task A_silent_stream_is_kept_alive_with_comments()
    {
        var time = new FakeTimeProvider();
        await using var gateway = await StartAsync(new() { HoldAfter = 3 }, time, settings: [("KeepAliveInterval", "00:00:10"), ("TokenIdleTimeout", "01:00:00")]);

        using var response = await gateway.SendAsync(Chat.Streamed);
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync());
        var text = "";
        while (!text.Contains("from"))
            text += await reader.ReadLineAsync() + "\n";
        var next = ReadCommentAsync(reader);
        await AdvanceUntilAsync(time, TimeSpan.FromSeconds(1), next);
        gateway.Node.Release();

        Assert.Equal(": ping", await next);
        Assert.EndsWith("data: [DONE]\n\n", await reader.ReadToEndAsync());
    }

    private static string Delta(string text) => $$$"""data: {"choices":[{"index":0,"delta":{"content":"{{{text}}}"},"finish_reason":null}]}""";

    private static async Task<string?> ReadCommentAsync(StreamReader reader)
    {
        string? line;
        do
            line = await reader.ReadLineAsync();
        while (line is not null && !line.StartsWith(':'));
        return line;
    }

    // The gateway arms its timers in its own time; stepping the clock until the effect shows needs no guess when.
    private static Task AdvanceUntilAsync(FakeTimeProvider time, TimeSpan step, Task effect) => Eventually.IsTrueAsync(
        () =>
        {
            if (!effect.IsCompleted)
                time.Advance(step);
            return effect.IsCompleted;
        },
        "the timer has run out");
}

public sealed class PortableStreamFailureTests() : StreamFailureTests(RelayOptions.Portable);

public sealed class LinuxStreamFailureTests() : StreamFailureTests(RelayOptions.Linux);
