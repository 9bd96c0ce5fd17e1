using System.Buffers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Comox.Gateway.Anthropic;
using Comox.Gateway.Forwarding;
using Comox.ServiceDefaults;
using Microsoft.Extensions.Time.Testing;

namespace Comox.Gateway.Tests.Anthropic;

/// <summary>The two APIs as text, for tables.</summary>
internal static class Wire
{
    public static readonly DateTimeOffset Now = DateTimeOffset.FromUnixTimeSeconds(1_800_000_000);

    public static string ToChat(string messagesBody)
    {
        Assert.Null(MessagesRequest.ToChat(Encoding.UTF8.GetBytes(messagesBody), out var chat));
        return Encoding.UTF8.GetString(chat!);
    }

    public static ApiError ToChatFails(string messagesBody)
    {
        var error = MessagesRequest.ToChat(Encoding.UTF8.GetBytes(messagesBody), out var chat);
        Assert.Null(chat);
        return error!;
    }

    public static string ToMessages(string chatBody)
    {
        var output = new ArrayBufferWriter<byte>();
        Assert.Null(Engine().WriteRequest(Encoding.UTF8.GetBytes(chatBody), output));
        return Text(output);
    }

    public static ApiError ToMessagesFails(string chatBody)
    {
        var output = new ArrayBufferWriter<byte>();
        var error = Engine().WriteRequest(Encoding.UTF8.GetBytes(chatBody), output);
        Assert.Equal(0, output.WrittenCount);
        return error!;
    }

    public static AnthropicEngineDialect Engine() => new(new FakeTimeProvider(Now));

    /// <summary>What a client of <c>/v1/messages</c> sees of these chunks, the end included.</summary>
    public static string Stream(params IEnumerable<string> chunks)
    {
        var dialect = new MessagesDialect("req_1", "asked");
        var output = new ArrayBufferWriter<byte>();
        foreach (var chunk in chunks)
            dialect.WriteChunk(Encoding.UTF8.GetBytes(chunk), output);
        dialect.WriteEnd(output);
        return Text(output);
    }

    public static string Whole(params IEnumerable<string> chunks)
    {
        var fold = new CompletionFold();
        foreach (var chunk in chunks)
            fold.Add(Encoding.UTF8.GetBytes(chunk));
        var output = new ArrayBufferWriter<byte>();
        new MessagesDialect("req_1", "asked").WriteWhole(fold.ToUtf8Json(), output);
        return Text(output);
    }

    /// <summary>The chunks that these events of a backend become; <c>[DONE]</c> is one of them.</summary>
    public static List<string> Chunks(AnthropicEngineDialect engine, params IEnumerable<string> events)
    {
        var output = new ArrayBufferWriter<byte>();
        foreach (var item in events)
            engine.WriteEvent(Encoding.UTF8.GetBytes(item), output);
        return [.. Data(Text(output))];
    }

    /// <summary>The data of each event. Every event must be whole: one or two lines, then a blank one.</summary>
    public static IEnumerable<string> Data(string stream)
    {
        Assert.True(stream.Length == 0 || stream.EndsWith("\n\n", StringComparison.Ordinal));
        foreach (var item in stream.Split("\n\n")[..^1])
        {
            var lines = item.Split('\n');
            Assert.InRange(lines.Length, 1, 2);
            Assert.StartsWith("data: ", lines[^1]);
            var data = lines[^1]["data: ".Length..];
            if (lines.Length == 2)
                Assert.Equal(lines[0], $"event: {JsonNode.Parse(data)!["type"]}");
            yield return data;
        }
    }

    public static void Same(string expected, string actual) =>
        Assert.True(JsonNode.DeepEquals(JsonNode.Parse(expected), JsonNode.Parse(actual)), $"expected {expected}\n     but {actual}");

    public static string Chunk(string delta, string finish = "null", string besides = "") =>
        $$"""{"choices":[{"index":0,"delta":{{delta}},"finish_reason":{{finish}}{{besides}}}],"id":"chatcmpl-1","model":"m","object":"chat.completion.chunk"}""";

    public static string UsageChunk(string usage) => $$"""{"choices":[],"id":"chatcmpl-1","model":"m","usage":{{usage}}}""";

    public static string Json(string text) => JsonSerializer.Serialize(text);

    private static string Text(ArrayBufferWriter<byte> output) => Encoding.UTF8.GetString(output.WrittenSpan);
}
