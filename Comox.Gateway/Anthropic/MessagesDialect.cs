using System.Buffers;
using System.Text;
using System.Text.Json;
using Comox.Gateway.Forwarding;
using Comox.ServiceDefaults.Contracts.OpenAI;

namespace Comox.Gateway.Anthropic;

/// <summary>
/// The client of <c>/v1/messages</c>. Chat has one text, one reasoning and numbered calls; Anthropic has blocks, one open at a time:
/// <code>
/// delta.reasoning_content   thinking block      delta.tool_calls[i]   tool_use block
/// delta.content, .refusal   text block          [DONE]                close, message_delta, message_stop
/// </code>
/// The usage comes last in chat, and first and last in Anthropic: <c>message_start</c> carries the estimate it was given (or 0), <c>message_delta</c> the
/// whole, exact count, which clients put in its place. For the same reason the stop reason waits for <see cref="WriteEnd"/>.
/// </summary>
/// <param name="id">Of the exchange; the message's own where the backend names none.</param>
/// <param name="model">As the client asked for it; the answer names the backend's where that is known.</param>
/// <param name="inputTokens">An estimate for <c>message_start</c>.</param>
internal sealed class MessagesDialect(string id, string model, int inputTokens = 0) : IClientDialect
{
    private readonly Dictionary<int, ToolBlock> _tools = [];
    private readonly ArrayBufferWriter<byte> _signature = new();
    private int _calls;
    private bool _started;
    private int _blocks;
    private OpenBlock _open;
    private ToolBlock? _openTool;
    private string? _finishReason;
    private string? _native;
    private byte[] _stoppedAt = [];
    private bool _refused;
    private AnthropicUsage _usage;

    private enum OpenBlock
    {
        None,
        Text,
        Thinking,
        Tool,
    }

    public void WriteChunk(ReadOnlySpan<byte> chunk, IBufferWriter<byte> output)
    {
        var read = ChunkReader.Read(chunk);
        Start(read.Id, read.Model, output);
        WriteThinking(read, output);
        WriteText(read.Content, output);
        _refused |= !read.Refusal.IsEmpty;
        WriteText(read.Refusal, output);
        var calls = new ToolCallReader(read.ToolCalls);
        while (calls.Next())
            WriteCall(calls, output);

        _finishReason = Word(read.FinishReason) ?? _finishReason;
        _native = Word(read.NativeFinishReason) ?? _native;
        if (!read.StoppedAt.IsEmpty)
            _stoppedAt = read.StoppedAt.ToArray();
        _usage = read.Usage ?? _usage;
    }

    public void WriteEnd(IBufferWriter<byte> output)
    {
        Start(default, default, output);
        Close(output);
        var reason = StopReasons.ToStopReason(_finishReason, _native, _tools.Count > 0, _refused, _stoppedAt.Length > 0);
        MessageEvents.MessageDelta(output, reason, reason == "stop_sequence" ? _stoppedAt : default, _usage);
        MessageEvents.MessageStop(output);
    }

    public void WriteStreamError(ApiErrorDetail error, IBufferWriter<byte> output)
    {
        output.Write("event: error\ndata: "u8);
        AnthropicErrors.Write(null, error, output);
        output.Write("\n\n"u8);
    }

    public void WriteWhole(ReadOnlyMemory<byte> completion, IBufferWriter<byte> output) => WholeMessage.Write(completion, id, model, output);

    public void WriteError(int status, ApiErrorDetail error, IBufferWriter<byte> output) => AnthropicErrors.Write(status, error, output);

    /// <summary><c>chatcmpl-1</c> becomes <c>msg_1</c>; Anthropic's own stays.</summary>
    internal static string MessageId(string id) =>
        id.StartsWith("msg_", StringComparison.Ordinal) ? id : $"msg_{(id.StartsWith("chatcmpl-", StringComparison.Ordinal) ? id["chatcmpl-".Length..] : id)}";

    private void Start(ReadOnlySpan<byte> chunkId, ReadOnlySpan<byte> chunkModel, IBufferWriter<byte> output)
    {
        if (_started)
            return;
        _started = true;
        var messageId = chunkId.IsEmpty ? JsonEncodedText.Encode(MessageId(id)).EncodedUtf8Bytes : Encoding.UTF8.GetBytes(MessageId(Encoding.UTF8.GetString(chunkId)));
        var messageModel = chunkModel.IsEmpty ? JsonEncodedText.Encode(model).EncodedUtf8Bytes : chunkModel;
        MessageEvents.MessageStart(output, messageId, messageModel, new AnthropicUsage { Input = inputTokens });
    }

    private void WriteThinking(ChunkReader read, IBufferWriter<byte> output)
    {
        if (!read.Reasoning.IsEmpty)
        {
            // What follows a signature is another block: the signature covers what was before it.
            if (_open != OpenBlock.Thinking || _signature.WrittenCount > 0)
                OpenThinking(output);
            MessageEvents.ThinkingDelta(output, _blocks - 1, read.Reasoning);
        }

        if (!read.Signature.IsEmpty)
        {
            if (_open != OpenBlock.Thinking)
                OpenThinking(output);
            // Clients take each signature_delta for the whole, so pieces wait for the end of the block.
            _signature.Write(read.Signature);
        }

        if (!read.RedactedThinking.IsEmpty)
        {
            Close(output);
            MessageEvents.RedactedThinkingStart(output, _blocks, read.RedactedThinking);
            MessageEvents.BlockStop(output, _blocks++);
        }
    }

    private void OpenThinking(IBufferWriter<byte> output)
    {
        Close(output);
        MessageEvents.ThinkingStart(output, _blocks++);
        _open = OpenBlock.Thinking;
    }

    private void WriteText(ReadOnlySpan<byte> text, IBufferWriter<byte> output)
    {
        if (text.IsEmpty)
            return;
        if (_open != OpenBlock.Text)
        {
            Close(output);
            MessageEvents.TextStart(output, _blocks++);
            _open = OpenBlock.Text;
        }

        MessageEvents.TextDelta(output, _blocks - 1, text);
    }

    private void WriteCall(ToolCallReader call, IBufferWriter<byte> output)
    {
        if (!_tools.TryGetValue(call.Index, out var tool) || (tool.Block >= 0 && ToolCallPieces.BeginAnother(tool.Id, call.Id, call.Name)))
        {
            _tools[call.Index] = tool = new ToolBlock();
            _calls++;
        }

        if (tool.Block < 0)
        {
            if (!call.Id.IsEmpty)
                tool.Id = call.Id.ToArray();
            // The block opens with its name, which may come a chunk after the id.
            if (call.Name.IsEmpty && call.Arguments.IsEmpty)
                return;
            OpenTool(tool, call.Name, output);
        }

        if (call.Arguments.IsEmpty)
            return;
        tool.HasInput = true;
        // An engine that goes on with a call after it began the next one finds the block closed. Clients go by the index, so the piece is not lost.
        MessageEvents.InputDelta(output, tool.Block, call.Arguments);
    }

    private void OpenTool(ToolBlock tool, ReadOnlySpan<byte> name, IBufferWriter<byte> output)
    {
        Close(output);
        tool.Block = _blocks++;
        MessageEvents.ToolStart(output, tool.Block, tool.Id.Length > 0 ? tool.Id : Encoding.ASCII.GetBytes(WholeMessage.ToolId(id, _calls - 1)), name);
        _open = OpenBlock.Tool;
        _openTool = tool;
    }

    private void Close(IBufferWriter<byte> output)
    {
        if (_open == OpenBlock.None)
            return;
        if (_open == OpenBlock.Thinking && _signature.WrittenCount > 0)
            MessageEvents.SignatureDelta(output, _blocks - 1, _signature.WrittenSpan);
        // A call without arguments still is an object to those who join the pieces and parse them.
        if (_open == OpenBlock.Tool && !_openTool!.HasInput)
            MessageEvents.InputDelta(output, _openTool.Block, "{}"u8);
        _signature.ResetWrittenCount();
        MessageEvents.BlockStop(output, _blocks - 1);
        _open = OpenBlock.None;
    }

    private static string? Word(ReadOnlySpan<byte> text) => text.IsEmpty ? null : Encoding.UTF8.GetString(text);

    private sealed class ToolBlock
    {
        public byte[] Id { get; set; } = [];

        /// <summary>Its place among the blocks; -1 until it is open.</summary>
        public int Block { get; set; } = -1;

        public bool HasInput { get; set; }
    }
}
