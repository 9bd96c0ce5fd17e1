using System.Text.Json.Nodes;
using Comox.Gateway.Forwarding;
using Comox.Gateway.Tests.Anthropic;
using Comox.Gateway.Tests.Sockets;
using Comox.ServiceDefaults.Contracts.OpenAI;
using Microsoft.Extensions.Time.Testing;

namespace Comox.Gateway.Tests.Pains;

/// <summary>Pains 7 and 11: engines that think for a long time between two words, or in the middle of a tool call.</summary>
public abstract class QuietStreamTests(string relay) : BothRelays(relay)
{
    private const string Messages = """{"model":"fake-model","max_tokens":99,"messages":[{"role":"user","content":"Hi"}],"stream":true}""";

    private static readonly string[] Arguments = ["{\"ci", "ty\":\"\u00c5r", "hus \u2603 \\u00e9\",", "\"days\":3}"];
    private static readonly string[] Frames =
    [
        Frame("""{"tool_calls":[{"index":0,"id":"call_1","type":"function","function":{"name":"weather","arguments":""}}]}"""),
        .. Arguments.Select(piece => Frame($$$"""{"tool_calls":[{"index":0,"function":{"arguments":{{{Wire.Json(piece)}}}}}]}""")),
        Frame("{}", "\"tool_calls\""),
        Sse.Done,
    ];

    [Fact]
    public async Task A_tool_call_with_long_gaps_arrives_frame_by_frame_with_comments_in_between()
    {
        var time = new FakeTimeProvider();
        await using var asked = await AskedEngine.StartAsync(StartAsync(time: time, settings: [("KeepAliveInterval", "00:00:10"), ("TokenIdleTimeout", "10:00:00"), ("EndOfStreamTimeout", "10:00:00")]));
        var call = asked.Call;
        await call.SendAsync(Sse.Head + Sse.Chunk(Frames[0]));
        using var answer = await LiveAnswer.OfAsync(asked.Sent);
        Assert.Equal(Frames[0], await answer.NextEventAsync());

        foreach (var frame in Frames[1..])
        {
            Assert.Equal(": ping\n\n", await answer.CommentAsync(time, TimeSpan.FromSeconds(1)));
            await call.SendAsync(Sse.Chunk(frame));
            Assert.Equal(frame, await answer.NextEventAsync());
        }

        await call.SendAsync(Sse.End);
        Assert.Null(await answer.NextEventAsync());
        Assert.Equal(string.Concat(Frames), answer.All.Replace(": ping\n\n", "", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_tool_call_with_long_gaps_reaches_an_anthropic_client_piece_by_piece_with_comments_in_between()
    {
        var time = new FakeTimeProvider();
        await using var asked = await AskedEngine.StartAsync(StartAsync(time: time, settings: [("KeepAliveInterval", "00:00:10"), ("TokenIdleTimeout", "10:00:00"), ("EndOfStreamTimeout", "10:00:00")]), Messages, "/v1/messages");
        var call = asked.Call;
        await call.SendAsync(Sse.Head + Sse.Chunk(Frames[0]));
        using var answer = await LiveAnswer.OfAsync(asked.Sent);
        while (await answer.NextEventAsync() is { } begun && !begun.StartsWith("event: content_block_start\n", StringComparison.Ordinal))
        {
        }

        for (var i = 0; i < Arguments.Length; i++)
        {
            Assert.Equal(": ping\n\n", await answer.CommentAsync(time, TimeSpan.FromSeconds(1)));
            await call.SendAsync(Sse.Chunk(Frames[1 + i]));
            var next = await answer.NextEventAsync() ?? "";
            Assert.StartsWith("event: content_block_delta\ndata: ", next);
            Assert.Equal(Arguments[i], (string?)JsonNode.Parse(next[next.IndexOf('{')..])!["delta"]!["partial_json"]);
        }

        Assert.Equal(": ping\n\n", await answer.CommentAsync(time, TimeSpan.FromSeconds(1)));
        await call.SendAsync(Sse.Chunk(Frames[^2] + Frames[^1]) + Sse.End);
        await answer.RestAsync();
        var message = MessageFold.Of(answer.All.Replace(": ping\n\n", "", StringComparison.Ordinal));
        Assert.Equal("tool_use", (string?)message["stop_reason"]);
        var block = Assert.Single(message["content"]!.AsArray())!;
        Assert.Equal(("call_1", "weather"), ((string?)block["id"], (string?)block["name"]));
        Assert.True(JsonNode.DeepEquals(JsonNode.Parse(string.Concat(Arguments)), block["input"]));
    }

    // vLLM's and SGLang's parsers of some models say a long argument when it is whole.
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task What_a_tool_is_called_with_may_take_as_long_as_a_first_token(bool hasTools)
    {
        var time = new FakeTimeProvider();
        var body = hasTools ? Messages.Replace("\"stream\"", "\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"weather\"}}],\"stream\"", StringComparison.Ordinal) : Messages;
        await using var asked = await AskedEngine.StartAsync(StartAsync(time: time), body);
        var call = asked.Call;
        await call.SendAsync(Sse.Head + Sse.Chunk(Frames[0]));
        using var answer = await LiveAnswer.OfAsync(asked.Sent);
        Assert.Equal(Frames[0], await answer.NextEventAsync());

        time.Advance(TimeSpan.FromSeconds(90));
        if (hasTools)
            await call.SendAsync(Sse.Chunk(string.Concat(Frames[1..])) + Sse.End);
        await answer.RestAsync();
        Assert.Equal(!hasTools, answer.All.Contains(ErrorCodes.UpstreamTimeout, StringComparison.Ordinal));
        Assert.Equal(hasTools, answer.All.EndsWith(Sse.Done, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("/v1/chat/completions")]
    [InlineData("/v1/messages")]
    public async Task Half_an_hour_with_long_pauses_and_comments_in_them_is_cut_by_no_timer(string path)
    {
        var time = new FakeTimeProvider();
        await using var asked = await AskedEngine.StartAsync(StartAsync(
            time: time, settings: [("FirstTokenTimeout", "00:00:10"), ("TokenIdleTimeout", "00:01:40"), ("EndOfStreamTimeout", "00:00:05"), ("KeepAliveInterval", "00:00:15"), ("TotalTimeout", "01:00:00")]), Messages, path);
        var call = asked.Call;
        await call.SendAsync(Sse.Head + Sse.Chunk(Sse.Token("word0.")));
        using var answer = await LiveAnswer.OfAsync(asked.Sent);
        await ReadToAsync(answer, "word0.");

        for (var i = 1; i <= 20; i++)
        {
            for (var pause = 0; pause < 9; pause++)
            {
                time.Advance(TimeSpan.FromSeconds(10));
                await call.SendAsync(Sse.Chunk(":\n\n"));
            }

            await call.SendAsync(Sse.Chunk(Sse.Token($"word{i}.")));
            await ReadToAsync(answer, $"word{i}.");
        }

        await call.SendAsync(Sse.Chunk(Sse.Finish + Sse.Done) + Sse.End);
        await answer.RestAsync();
        var words = answer.All.Split('"').Where(text => text.StartsWith("word", StringComparison.Ordinal));
        Assert.Equal(Enumerable.Range(0, 21).Select(i => $"word{i}."), words);
        Assert.DoesNotContain("error", answer.All);
        Assert.Contains(path == "/v1/messages" ? "message_stop" : "[DONE]", answer.All);
        Assert.Contains(": ping", answer.All);
        Assert.DoesNotContain(asked.Gateway.Log.Lines, line => line.Message.Contains("failed at", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("/v1/chat/completions")]
    [InlineData("/v1/messages")]
    public async Task An_engine_whose_heart_beats_and_that_says_nothing_is_given_up_after_the_pause_it_may_make(string path)
    {
        var time = new FakeTimeProvider();
        await using var asked = await AskedEngine.StartAsync(StartAsync(time: time, settings: [("TokenIdleTimeout", "00:01:40")]), Messages, path);
        var call = asked.Call;
        await call.SendAsync(Sse.Head + Sse.Chunk(Sse.Token("one.")));
        using var answer = await LiveAnswer.OfAsync(asked.Sent);
        await ReadToAsync(answer, "one.");

        await BeatAsync(seconds: 95);
        await call.SendAsync(Sse.Chunk(Sse.Token("two.")));
        await ReadToAsync(answer, "two.");
        await BeatAsync(seconds: 95);
        var rest = answer.RestAsync();
        Assert.False(rest.IsCompleted);
        await BeatAsync(seconds: 25);

        // The clock stands still now: whatever has not run out never will.
        Assert.Contains(ErrorCodes.UpstreamTimeout, await rest);
        Assert.True(await call.IsClosedAsync());

        async Task BeatAsync(int seconds)
        {
            for (var second = 0; second < seconds; second += 5)
            {
                time.Advance(TimeSpan.FromSeconds(5));
                // Once it has been given up, nobody takes its comments.
                await Record.ExceptionAsync(() => call.SendAsync(Sse.Chunk(":\n\n")));
            }
        }
    }

    private static string Frame(string delta, string finish = "null") => $$"""data: {"id":"c-1","choices":[{"index":0,"delta":{{delta}},"finish_reason":{{finish}}}]}""" + "\n\n";

    private static async Task ReadToAsync(LiveAnswer answer, string word)
    {
        while (await answer.NextAsync() is { } next)
        {
            if (next.Contains(word, StringComparison.Ordinal))
                return;
        }

        Assert.Fail($"The answer ended before '{word}': {answer.All}");
    }
}

public sealed class PortableQuietStreamTests() : QuietStreamTests(RelayOptions.Portable);

public sealed class LinuxQuietStreamTests() : QuietStreamTests(RelayOptions.Linux);
