using System.Buffers;
using System.Text;
using Comox.Gateway.Forwarding;

namespace Comox.Gateway.Anthropic;

/// <summary>
/// Writes <c>chat.completion.chunk</c>s of one answer. Texts come as spelled in JSON and go out so:
/// <code>data: {"id":"msg_1","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{"content":"Hi"},"finish_reason":null}]}</code>
/// </summary>
internal sealed class ChunkWriter
{
    private readonly byte[] _head;

    public ChunkWriter(ReadOnlySpan<byte> id, ReadOnlySpan<byte> model, long created)
    {
        var head = new ArrayBufferWriter<byte>(160);
        head.Write("data: {\"id\":\""u8);
        head.Write(id);
        head.Write("\",\"object\":\"chat.completion.chunk\",\"created\":"u8);
        head.WriteNumber(created);
        head.Write(",\"model\":\""u8);
        head.Write(model);
        head.Write("\",\"choices\":["u8);
        _head = head.WrittenSpan.ToArray();
    }

    public void Role(IBufferWriter<byte> output)
    {
        Open(output);
        output.Write("\"role\":\"assistant\",\"content\":\"\""u8);
        Close(output);
    }

    public void Content(IBufferWriter<byte> output, ReadOnlySpan<byte> text) => Text(output, "\"content\":\""u8, text, "\""u8);

    public void Reasoning(IBufferWriter<byte> output, ReadOnlySpan<byte> text) => Text(output, "\"reasoning_content\":\""u8, text, "\""u8);

    public void Signature(IBufferWriter<byte> output, ReadOnlySpan<byte> text) => Text(output, "\"reasoning_signature\":\""u8, text, "\""u8);

    public void RedactedThinking(IBufferWriter<byte> output, ReadOnlySpan<byte> data) => Text(output, "\"redacted_thinking\":{\"data\":\""u8, data, "\"}"u8);

    public void ToolStart(IBufferWriter<byte> output, int tool, ReadOnlySpan<byte> id, ReadOnlySpan<byte> name)
    {
        Open(output);
        output.Write("\"tool_calls\":[{\"index\":"u8);
        output.WriteNumber(tool);
        output.Write(",\"id\":\""u8);
        output.Write(id);
        output.Write("\",\"type\":\"function\",\"function\":{\"name\":\""u8);
        output.Write(name);
        output.Write("\",\"arguments\":\"\"}}]"u8);
        Close(output);
    }

    public void Arguments(IBufferWriter<byte> output, int tool, ReadOnlySpan<byte> text)
    {
        Open(output);
        output.Write("\"tool_calls\":[{\"index\":"u8);
        output.WriteNumber(tool);
        output.Write(",\"function\":{\"arguments\":\""u8);
        output.Write(text);
        output.Write("\"}}]"u8);
        Close(output);
    }

    /// <param name="output">Takes the chunk.</param>
    /// <param name="stopReason">Anthropic's word.</param>
    /// <param name="stoppedAt">The stop sequence, or empty; as vLLM names it.</param>
    /// <param name="thoughts"><c>"thinking_blocks":[…]</c>, or empty.</param>
    /// <param name="usage">For a client that did not ask for a usage chunk: the count rides along here, because the gateway needs it.</param>
    public void Finish(IBufferWriter<byte> output, ReadOnlySpan<byte> stopReason, ReadOnlySpan<byte> stoppedAt, ReadOnlySpan<byte> thoughts, AnthropicUsage? usage)
    {
        Open(output);
        output.Write(thoughts);
        output.Write("},\"finish_reason\":\""u8);
        output.Write(Encoding.ASCII.GetBytes(StopReasons.ToFinishReason(Encoding.UTF8.GetString(stopReason))));
        output.Write("\",\"native_finish_reason\":\""u8);
        output.Write(stopReason);
        if (!stoppedAt.IsEmpty)
        {
            output.Write("\",\"stop_reason\":\""u8);
            output.Write(stoppedAt);
        }

        output.Write("\"}]"u8);
        if (usage is { } count)
            Member(output, count);
        output.Write("}\n\n"u8);
    }

    /// <summary>The last chunk of those who asked for it: no choice, only the count.</summary>
    public void Usage(IBufferWriter<byte> output, AnthropicUsage usage)
    {
        output.Write(_head);
        output.Write("]"u8);
        Member(output, usage);
        output.Write("}\n\n"u8);
    }

    private void Text(IBufferWriter<byte> output, ReadOnlySpan<byte> before, ReadOnlySpan<byte> text, ReadOnlySpan<byte> after)
    {
        Open(output);
        output.Write(before);
        output.Write(text);
        output.Write(after);
        Close(output);
    }

    private void Open(IBufferWriter<byte> output)
    {
        output.Write(_head);
        output.Write("{\"index\":0,\"delta\":{"u8);
    }

    private static void Close(IBufferWriter<byte> output) => output.Write("},\"finish_reason\":null}]}\n\n"u8);

    private static void Member(IBufferWriter<byte> output, AnthropicUsage usage)
    {
        output.Write(","u8);
        usage.WriteChatMemberTo(output);
    }
}
