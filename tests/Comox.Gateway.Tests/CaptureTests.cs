using System.Globalization;
using System.Text;
using System.Text.Json;
using Comox.Gateway.Forwarding;
using Comox.Gateway.Tests.Responses;

namespace Comox.Gateway.Tests;

/// <summary>The real words of llama-server 0.7.0 (b11669), see Captures/README.md.</summary>
public abstract class CaptureTests(string relay) : BothRelays(relay)
{
    [Theory]
    [InlineData("chat-stream", 1)]
    [InlineData("chat-stream-usage", 1)]
    [InlineData("chat-stream-n2", 2)]
    public async Task A_real_stream_reaches_the_client_byte_for_byte(string capture, int choices)
    {
        var (_, body) = Read(capture);
        await using var gateway = await StartAsync(new() { RawEvents = EventsOf(body) });

        using var response = await gateway.SendAsync(Chat.Streamed[..^1] + $$$""","n":{{{choices}}},"stream_options":{"include_usage":true}}""");

        Assert.Equal(body, await response.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task A_folded_stream_says_what_the_engine_says_without_a_stream()
    {
        // Recorded with the same prompt and seed, a moment apart: ids, timings and cached tokens differ.
        var expected = JsonDocument.Parse(Read("chat-nonstream").Body).RootElement;
        await using var gateway = await StartAsync(new() { RawEvents = EventsOf(Read("chat-stream-usage").Body) });

        var folded = await (await gateway.SendAsync(Chat.Whole)).JsonAsync();

        Assert.Equal(NamesOf(expected), NamesOf(folded));
        Assert.Equal("chat.completion", folded.GetProperty("object").GetString());
        Assert.True(JsonElement.DeepEquals(expected.GetProperty("choices"), folded.GetProperty("choices")), folded.GetProperty("choices").GetRawText());
        Assert.Equal(NamesOf(expected.GetProperty("usage")), NamesOf(folded.GetProperty("usage")));
        Assert.Equal(61, folded.GetProperty("usage").GetProperty("total_tokens").GetInt32());
    }

    [Fact]
    public async Task Choices_are_folded_by_their_index()
    {
        await using var gateway = await StartAsync(new() { RawEvents = EventsOf(Read("chat-stream-n2").Body) });

        var folded = await (await gateway.SendAsync(Chat.Whole[..^1] + ""","n":2}""")).JsonAsync();

        Assert.Equal([0, 1], folded.GetProperty("choices").EnumerateArray().Select(choice => choice.GetProperty("index").GetInt32()));
        Assert.All(folded.GetProperty("choices").EnumerateArray(), choice => Assert.NotEmpty(choice.GetProperty("message").GetProperty("content").GetString()!));
        Assert.All(folded.GetProperty("choices").EnumerateArray(), choice => Assert.Equal("length", choice.GetProperty("finish_reason").GetString()));
    }

    [Theory]
    [InlineData("err-context-exceeded", 400, "context_length_exceeded")]
    [InlineData("chat-loading", 503, "engine_loading")]
    public async Task A_real_error_keeps_its_words(string capture, int status, string code)
    {
        var (recorded, body) = Read(capture);
        await using var gateway = await StartAsync(new() { FailWithStatus = recorded, FailWithBody = body });

        using var response = await gateway.SendAsync(Chat.Streamed);
        var error = (await response.JsonAsync()).GetProperty("error");

        Assert.Equal(status, (int)response.StatusCode);
        Assert.Equal(code, error.GetProperty("code").GetString());
        Assert.Equal(JsonDocument.Parse(body).RootElement.GetProperty("error").GetProperty("message").GetString(), error.GetProperty("message").GetString());
        Assert.False(error.TryGetProperty("source", out _));
    }

    [Fact]
    public void A_real_stream_is_told_as_a_response()
    {
        var chunks = EventsOf(Read("chat-stream-usage").Body).Select(sse => sse["data: ".Length..]).Where(data => data != "[DONE]").ToArray();
        var fold = new CompletionFold();
        foreach (var chunk in chunks)
            fold.Add(Encoding.UTF8.GetBytes(chunk));
        var expected = JsonDocument.Parse(fold.ToUtf8Json()).RootElement;

        var stream = ResponseStream.Of(chunks);

        Assert.Equal(expected.GetProperty("choices")[0].GetProperty("message").GetProperty("content").GetString(), stream.Response.GetProperty("output")[0].GetProperty("content")[0].GetProperty("text").GetString());
        Assert.Equal(("incomplete", 61), (stream.Response.GetProperty("status").GetString(), stream.Response.GetProperty("usage").GetProperty("total_tokens").GetInt32()));
        Assert.Equal(chunks.Count(chunk => chunk.Contains("\"content\":\"", StringComparison.Ordinal)), stream.Of("response.output_text.delta").Count());
    }

    [Fact]
    public void Tool_calls_reasoning_and_logprobs_are_folded()
    {
        var fold = new CompletionFold();
        foreach (var chunk in (string[])[
            """{"id":"c1","choices":[{"index":0,"delta":{"role":"assistant","content":null,"reasoning_content":"Let "}}]}""",
            """{"id":"c1","choices":[{"index":0,"delta":{"reasoning_content":"me."},"logprobs":{"content":[{"token":"a","logprob":-1}]}}]}""",
            """{"id":"c1","choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"t1","type":"function","function":{"name":"remember","arguments":""}}]}}]}""",
            """{"id":"c1","choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":"{\"fact\":"}},{"index":1,"id":"t2","function":{"name":"f"}}]}}]}""",
            """{"id":"c1","choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":"\"tea\"}"}}]},"logprobs":{"content":[{"token":"b","logprob":-2}]}}]}""",
            """{"id":"c1","choices":[{"index":0,"delta":{},"finish_reason":"tool_calls"}]}""",
            """{"id":"c1","choices":[],"usage":{"total_tokens":3},"service_tier":"x","system_fingerprint":null}"""])
        {
            fold.Add(Encoding.UTF8.GetBytes(chunk));
        }

        const string expected = """
            {"object":"chat.completion","choices":[{"index":0,"message":{"role":"assistant","content":null,"reasoning_content":"Let me.","tool_calls":[
              {"id":"t1","type":"function","function":{"name":"remember","arguments":"{\"fact\":\"tea\"}"}},
              {"id":"t2","type":"function","function":{"name":"f","arguments":""}}]},
             "logprobs":{"content":[{"token":"a","logprob":-1},{"token":"b","logprob":-2}]},"finish_reason":"tool_calls"}],
             "id":"c1","usage":{"total_tokens":3},"service_tier":"x"}
            """;
        var folded = fold.ToUtf8Json();
        Assert.True(JsonElement.DeepEquals(JsonDocument.Parse(expected).RootElement, JsonDocument.Parse(folded).RootElement), Encoding.UTF8.GetString(folded));
    }

    private static IEnumerable<string> NamesOf(JsonElement element) => element.EnumerateObject().Select(field => field.Name).Order(StringComparer.Ordinal);

    private static IReadOnlyList<string> EventsOf(string stream) => stream.Split("\n\n", StringSplitOptions.RemoveEmptyEntries);

    /// <summary>Status and body; the chunk sizes of a chunked body are taken out.</summary>
    private static (int Status, string Body) Read(string capture)
    {
        var text = Encoding.Latin1.GetString(File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "Captures", $"{capture}.http")));
        var split = text.IndexOf("\r\n\r\n", StringComparison.Ordinal);
        var (head, body) = (text[..split], text[(split + 4)..]);
        var status = int.Parse(head.Split(' ')[1], CultureInfo.InvariantCulture);
        if (!head.Contains("chunked", StringComparison.Ordinal))
            return (status, Utf8(body));

        var whole = new StringBuilder();
        while (int.Parse(body[..body.IndexOf('\r')], NumberStyles.HexNumber, CultureInfo.InvariantCulture) is var size and > 0)
        {
            var start = body.IndexOf('\n') + 1;
            whole.Append(body, start, size);
            body = body[(start + size + 2)..];
        }

        return (status, Utf8(whole.ToString()));
    }

    private static string Utf8(string latin1) => Encoding.UTF8.GetString(Encoding.Latin1.GetBytes(latin1));
}

public sealed class PortableCaptureTests() : CaptureTests(RelayOptions.Portable);

public sealed class LinuxCaptureTests() : CaptureTests(RelayOptions.Linux);
