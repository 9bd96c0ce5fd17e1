using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Comox.Gateway.Forwarding;

namespace Comox.Gateway.Diagnostics;

/// <summary>
/// What was said, for operators who asked for it, as the conventions want it in a span:
/// <code>[{"role":"user","parts":[{"type":"text","content":"Hi"}]}]</code>
/// A JSON DOM is good enough here: nobody who cares for speed captures content.
/// https://github.com/open-telemetry/semantic-conventions-genai/blob/main/docs/gen-ai/gen-ai-input-messages.json
/// </summary>
internal static class CapturedContent
{
    /// <summary>Longest text of one part, in characters: a book pasted into a prompt must not fill the collector.</summary>
    public const int MaxTextLength = 65_536;

    private static readonly JsonWriterOptions Relaxed = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>What the engine was sent: for a character the whole super-prompt.</summary>
    public static string Input(Exchange exchange) => Write(json =>
    {
        if (exchange.Recalled is { } recalled)
        {
            foreach (var message in recalled.Messages)
                Message(json, message.Role, () => Text(json, message.Content));
            return;
        }

        // A completion of before there were chats has a prompt instead; an embedding has neither.
        if (exchange.Request.Messages.IsEmpty)
            return;
        using var messages = JsonDocument.Parse(exchange.Request.Messages, new JsonDocumentOptions { MaxDepth = ChunkScan.MaxDepth });
        foreach (var message in messages.RootElement.EnumerateArray())
            Message(json, StringOf(message, "role") ?? "", () => Parts(json, message));
    });

    public static string Output(ReplyText? text, string finishReason) => Write(json =>
    {
        json.WriteStartObject();
        json.WriteString("role", "assistant");
        json.WriteStartArray("parts");
        if (text is { IsEmpty: false })
            Text(json, text.ToString());
        json.WriteEndArray();
        json.WriteString("finish_reason", finishReason);
        json.WriteEndObject();
    });

    private static void Parts(Utf8JsonWriter json, JsonElement message)
    {
        if (StringOf(message, "role") == "tool")
        {
            json.WriteStartObject();
            json.WriteString("type", "tool_call_response");
            json.WriteString("id", StringOf(message, "tool_call_id"));
            json.WriteString("response", Cut(StringOf(message, "content") ?? ""));
            json.WriteEndObject();
            return;
        }

        if (StringOf(message, "content") is { } text)
            Text(json, text);
        else if (message.TryGetProperty("content", out var parts) && parts.ValueKind == JsonValueKind.Array)
            foreach (var part in parts.EnumerateArray())
                Part(json, part);
        if (message.TryGetProperty("tool_calls", out var calls) && calls.ValueKind == JsonValueKind.Array)
            foreach (var call in calls.EnumerateArray())
                ToolCall(json, call);
    }

    // Pictures and sound are named and left out: their bytes are of no use in a trace.
    private static void Part(Utf8JsonWriter json, JsonElement part)
    {
        if (StringOf(part, "text") is { } text)
        {
            Text(json, text);
            return;
        }

        json.WriteStartObject();
        json.WriteString("type", StringOf(part, "type") ?? "unknown");
        json.WriteEndObject();
    }

    private static void ToolCall(Utf8JsonWriter json, JsonElement call)
    {
        json.WriteStartObject();
        json.WriteString("type", "tool_call");
        json.WriteString("id", StringOf(call, "id"));
        if (call.ValueKind == JsonValueKind.Object && call.TryGetProperty("function", out var function))
        {
            json.WriteString("name", StringOf(function, "name") ?? "");
            json.WriteString("arguments", Cut(StringOf(function, "arguments") ?? ""));
        }

        json.WriteEndObject();
    }

    private static void Message(Utf8JsonWriter json, string role, Action parts)
    {
        json.WriteStartObject();
        json.WriteString("role", role);
        json.WriteStartArray("parts");
        parts();
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void Text(Utf8JsonWriter json, string text)
    {
        json.WriteStartObject();
        json.WriteString("type", "text");
        json.WriteString("content", Cut(text));
        json.WriteEndObject();
    }

    private static string Cut(string text) => text.Length <= MaxTextLength ? text : $"{text[..MaxTextLength]}…";

    private static string? StringOf(JsonElement element, string name)
    {
        if (element.ValueKind != JsonValueKind.Object || !element.TryGetProperty(name, out var value) || value.ValueKind != JsonValueKind.String)
            return null;
        try
        {
            return value.GetString();
        }
        catch (InvalidOperationException)
        {
            return "\uFFFD"; // Half a surrogate pair in an escape.
        }
    }

    private static string Write(Action<Utf8JsonWriter> items)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer, Relaxed))
        {
            json.WriteStartArray();
            items(json);
            json.WriteEndArray();
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }
}
