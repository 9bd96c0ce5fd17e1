using System.Buffers;
using System.Globalization;
using System.Text.Json;
using Comox.Gateway.Forwarding;

namespace Comox.Gateway.Anthropic;

/// <summary>
/// A whole <c>chat.completion</c> as Anthropic's message, with the content that the stream would have brought:
/// <code>{"id":"msg_1","type":"message","role":"assistant","model":"m","content":[{"type":"text","text":"Hi"}],"stop_reason":"end_turn","stop_sequence":null,"usage":{…}}</code>
/// </summary>
internal static class WholeMessage
{
    public static void Write(ReadOnlyMemory<byte> completion, string id, string model, IBufferWriter<byte> output)
    {
        using var document = JsonDocument.Parse(WholeCharacters.In(completion), Verbatim.Deep);
        var root = document.RootElement;
        var choice = root.Has("choices", out var choices) && choices.ValueKind == JsonValueKind.Array && choices.GetArrayLength() > 0 ? choices[0] : default;
        choice.Has("message", out var message);

        using var json = new Utf8JsonWriter(output, Verbatim.Relaxed);
        json.WriteStartObject();
        json.WriteString("id"u8, MessagesDialect.MessageId(root.Text("id") is { Length: > 0 } named ? named : id));
        json.WriteString("type"u8, "message"u8);
        json.WriteString("role"u8, "assistant"u8);
        json.WriteString("model"u8, root.Text("model") is { Length: > 0 } own ? own : model);
        json.WriteStartArray("content"u8);
        WriteThoughts(message, json);
        WriteText(message.Text("content"), json);
        var refusal = message.Text("refusal");
        WriteText(refusal, json);
        var calls = WriteCalls(message, id, json);
        json.WriteEndArray();

        var stoppedAt = choice.Text("stop_reason");
        var reason = StopReasons.ToStopReason(
            choice.Text("finish_reason"), choice.Text("native_finish_reason"), calls > 0, !string.IsNullOrEmpty(refusal), !string.IsNullOrEmpty(stoppedAt));
        json.WriteString("stop_reason"u8, reason);
        json.WriteString("stop_sequence"u8, reason == "stop_sequence" && stoppedAt is { Length: > 0 } ? stoppedAt : null);
        AnthropicUsage.FromChat(root).WriteTo(json);
        json.WriteEndObject();
    }

    /// <summary>For an engine that gives its calls no id: unique in a conversation, because the exchange is.</summary>
    public static string ToolId(string exchange, int call) => $"toolu_{exchange}_{call.ToString(CultureInfo.InvariantCulture)}";

    private static void WriteThoughts(JsonElement message, Utf8JsonWriter json)
    {
        if (message.Has("thinking_blocks", out var blocks) && blocks.ValueKind == JsonValueKind.Array)
        {
            foreach (var block in blocks.EnumerateArray())
                json.WriteVerbatim(block);
            return;
        }

        var thinking = message.Text("reasoning_content") is { Length: > 0 } content ? content : message.Text("reasoning") ?? "";
        var signature = message.Text("reasoning_signature") ?? "";
        if (thinking.Length + signature.Length == 0)
            return;
        json.WriteStartObject();
        json.WriteString("type"u8, "thinking"u8);
        json.WriteString("thinking"u8, thinking);
        json.WriteString("signature"u8, signature);
        json.WriteEndObject();
    }

    private static void WriteText(string? text, Utf8JsonWriter json)
    {
        if (string.IsNullOrEmpty(text))
            return;
        json.WriteStartObject();
        json.WriteString("type"u8, "text"u8);
        json.WriteString("text"u8, text);
        json.WriteEndObject();
    }

    private static int WriteCalls(JsonElement message, string exchange, Utf8JsonWriter json)
    {
        if (!message.Has("tool_calls", out var calls) || calls.ValueKind != JsonValueKind.Array)
            return 0;
        var count = 0;
        foreach (var call in calls.EnumerateArray())
        {
            call.Has("function", out var function);
            json.WriteStartObject();
            json.WriteString("type"u8, "tool_use"u8);
            json.WriteString("id"u8, call.Text("id") is { Length: > 0 } id ? id : ToolId(exchange, count));
            json.WriteString("name"u8, function.Text("name") ?? "");
            json.WritePropertyName("input"u8);
            WriteInput(function.Text("arguments") ?? "", json);
            json.WriteEndObject();
            count++;
        }

        return count;
    }

    // An input is an object. Arguments that are none (a call cut off by max_tokens) are shown as they came: with {} in their place a tool would run on nothing.
    private static void WriteInput(string arguments, Utf8JsonWriter json)
    {
        if (ToolInput.TryParse(arguments, out var input))
        {
            json.WriteRawValue(input, skipInputValidation: true);
            return;
        }

        json.WriteStartObject();
        json.WriteString("invalid_arguments"u8, arguments);
        json.WriteEndObject();
    }
}
