using System.Buffers;
using System.Text;
using Comox.Gateway.Forwarding;

namespace Comox.Gateway.Anthropic;

/// <summary>
/// The events of Anthropic's streams, https://platform.claude.com/docs/en/build-with-claude/streaming. Texts come as spelled in JSON and go out so:
/// <code>
/// event: content_block_delta
/// data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"Hi"}}
/// </code>
/// </summary>
internal static class MessageEvents
{
    public static void MessageStart(IBufferWriter<byte> output, ReadOnlySpan<byte> id, ReadOnlySpan<byte> model, AnthropicUsage usage)
    {
        output.Write("event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"id\":\""u8);
        output.Write(id);
        output.Write("\",\"type\":\"message\",\"role\":\"assistant\",\"model\":\""u8);
        output.Write(model);
        output.Write("\",\"content\":[],\"stop_reason\":null,\"stop_sequence\":null,"u8);
        usage.WriteMemberTo(output);
        output.Write("}}\n\n"u8);
    }

    public static void TextStart(IBufferWriter<byte> output, int index) => BlockStart(output, index, "\"type\":\"text\",\"text\":\"\""u8);

    public static void ThinkingStart(IBufferWriter<byte> output, int index) => BlockStart(output, index, "\"type\":\"thinking\",\"thinking\":\"\",\"signature\":\"\""u8);

    public static void RedactedThinkingStart(IBufferWriter<byte> output, int index, ReadOnlySpan<byte> data)
    {
        BlockStartHead(output, index);
        output.Write("\"type\":\"redacted_thinking\",\"data\":\""u8);
        output.Write(data);
        output.Write("\"}}\n\n"u8);
    }

    public static void ToolStart(IBufferWriter<byte> output, int index, ReadOnlySpan<byte> id, ReadOnlySpan<byte> name)
    {
        BlockStartHead(output, index);
        output.Write("\"type\":\"tool_use\",\"id\":\""u8);
        output.Write(id);
        output.Write("\",\"name\":\""u8);
        output.Write(name);
        output.Write("\",\"input\":{}}}\n\n"u8);
    }

    public static void TextDelta(IBufferWriter<byte> output, int index, ReadOnlySpan<byte> text) => Delta(output, index, "text_delta\",\"text"u8, text);

    public static void ThinkingDelta(IBufferWriter<byte> output, int index, ReadOnlySpan<byte> text) => Delta(output, index, "thinking_delta\",\"thinking"u8, text);

    public static void SignatureDelta(IBufferWriter<byte> output, int index, ReadOnlySpan<byte> text) => Delta(output, index, "signature_delta\",\"signature"u8, text);

    public static void InputDelta(IBufferWriter<byte> output, int index, ReadOnlySpan<byte> text) => Delta(output, index, "input_json_delta\",\"partial_json"u8, text);

    public static void BlockStop(IBufferWriter<byte> output, int index)
    {
        output.Write("event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":"u8);
        output.WriteNumber(index);
        output.Write("}\n\n"u8);
    }

    /// <param name="output">Takes the event.</param>
    /// <param name="reason">Null where nobody has said why it ends.</param>
    /// <param name="stoppedAt">The stop sequence; empty where it was none.</param>
    /// <param name="usage">Of the whole answer.</param>
    public static void MessageDelta(IBufferWriter<byte> output, string? reason, ReadOnlySpan<byte> stoppedAt, AnthropicUsage usage)
    {
        output.Write("event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":"u8);
        if (reason is null)
            output.Write("null"u8);
        else
            Quoted(output, Encoding.ASCII.GetBytes(reason));
        output.Write(",\"stop_sequence\":"u8);
        if (stoppedAt.IsEmpty)
            output.Write("null"u8);
        else
            Quoted(output, stoppedAt);
        output.Write("},"u8);
        usage.WriteMemberTo(output);
        output.Write("}\n\n"u8);
    }

    public static void MessageStop(IBufferWriter<byte> output) => output.Write("event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n"u8);

    private static void BlockStart(IBufferWriter<byte> output, int index, ReadOnlySpan<byte> block)
    {
        BlockStartHead(output, index);
        output.Write(block);
        output.Write("}}\n\n"u8);
    }

    private static void BlockStartHead(IBufferWriter<byte> output, int index)
    {
        output.Write("event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":"u8);
        output.WriteNumber(index);
        output.Write(",\"content_block\":{"u8);
    }

    private static void Delta(IBufferWriter<byte> output, int index, ReadOnlySpan<byte> type, ReadOnlySpan<byte> text)
    {
        output.Write("event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":"u8);
        output.WriteNumber(index);
        output.Write(",\"delta\":{\"type\":\""u8);
        output.Write(type);
        output.Write("\":\""u8);
        output.Write(text);
        output.Write("\"}}\n\n"u8);
    }

    private static void Quoted(IBufferWriter<byte> output, ReadOnlySpan<byte> text)
    {
        output.Write("\""u8);
        output.Write(text);
        output.Write("\""u8);
    }
}
