using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Comox.Gateway.Forwarding;
using Comox.Gateway.OpenAI;
using Comox.ServiceDefaults;

namespace Comox.Gateway.Anthropic;

/// <summary>
/// A backend that speaks Anthropic's API. Whoever sends the request adds the key as <c>x-api-key</c>.
/// <code>
/// message_start         role chunk                          message_delta   finish chunk
/// text_delta            content                             message_stop    usage chunk, [DONE]
/// thinking_delta        reasoning_content                   ping            nothing: it must not pass for a token
/// signature_delta       reasoning_signature                 error           {"error":…}, and nothing after it
/// input_json_delta      tool_calls[i].function.arguments; i counts tools, where Anthropic counts blocks
/// </code>
/// A stream that ends without <c>message_stop</c> gets no <c>[DONE]</c>, so that nobody takes a torn answer for a whole one.
/// </summary>
internal sealed class AnthropicEngineDialect(TimeProvider time) : IEngineDialect
{
    private static readonly KeyValuePair<string, string>[] Version = [new("anthropic-version", "2023-06-01")];

    private readonly Dictionary<int, ToolBlock> _tools = [];
    private readonly ThoughtLog _thoughts = new();
    private ChunkWriter? _chunks;
    private AnthropicUsage _usage;
    private int _calls;
    private bool _usageApart = true;
    private bool _finished;
    private bool _over;

    public string Path => "v1/messages";

    public IReadOnlyList<KeyValuePair<string, string>> Headers => Version;

    public ApiError? WriteRequest(ReadOnlyMemory<byte> chatBody, IBufferWriter<byte> output)
    {
        try
        {
            using var document = JsonDocument.Parse(chatBody, Verbatim.Deep);
            // Written apart first: an error half way leaves the output untouched.
            var request = new ArrayBufferWriter<byte>(chatBody.Length + 256);
            if (ChatRequest.Write(document.RootElement, request) is { } error)
                return error;
            _usageApart = ChatRequest.AsksForUsage(document.RootElement);
            output.Write(request.WrittenSpan);
            return null;
        }
        catch (JsonException problem)
        {
            return BodyErrors.At(problem);
        }
        catch (InvalidOperationException)
        {
            // The reader's word for a string with half a surrogate pair ("\ud83d").
            return BodyErrors.HalfCharacter();
        }
    }

    public void WriteEvent(ReadOnlyMemory<byte> data, IBufferWriter<byte> output)
    {
        if (_over)
            return;
        try
        {
            var read = MessageEventReader.Read(data.Span);
            if (read.Type.SequenceEqual("content_block_delta"u8))
                WriteDelta(read, output);
            else if (read.Type.SequenceEqual("content_block_start"u8))
                StartBlock(read, output);
            else if (read.Type.SequenceEqual("content_block_stop"u8))
                StopBlock(read, output);
            else if (read.Type.SequenceEqual("message_start"u8))
                StartMessage(read, output);
            else if (read.Type.SequenceEqual("message_delta"u8))
                FinishMessage(read, output);
            else if (read.Type.SequenceEqual("message_stop"u8))
                StopMessage(output);
            else if (read.Type.SequenceEqual("error"u8))
                WriteError(read.InnerType, read.Text, output);
        }
        catch (JsonException)
        {
            WriteError("api_error"u8, "The backend sent an event that is no JSON."u8, output);
        }
    }

    private ChunkWriter Chunks => _chunks ??= new ChunkWriter("msg_"u8, ""u8, time.GetUtcNow().ToUnixTimeSeconds());

    private void StartMessage(MessageEventReader read, IBufferWriter<byte> output)
    {
        if (_chunks is not null)
            return;
        _chunks = new ChunkWriter(read.Id, read.Model, time.GetUtcNow().ToUnixTimeSeconds());
        Count(read);
        _chunks.Role(output);
    }

    private void StartBlock(MessageEventReader read, IBufferWriter<byte> output)
    {
        EndCalls(output);
        if (read.InnerType.SequenceEqual("text"u8))
        {
            WriteText(read.Text, output);
        }
        else if (read.InnerType.SequenceEqual("thinking"u8))
        {
            _thoughts.Begin();
            WriteThinking(read.Text, output);
            WriteSignature(read.Signature, output);
        }
        else if (read.InnerType.SequenceEqual("redacted_thinking"u8))
        {
            _thoughts.Redacted(read.Text);
            Chunks.RedactedThinking(output, read.Text);
        }
        else if (read.InnerType.SequenceEqual("tool_use"u8))
        {
            var tool = _tools[read.Index] = new ToolBlock(_calls++, read.Input.IsEmpty ? "{}"u8.ToArray() : read.Input.ToArray());
            Chunks.ToolStart(output, tool.Number, read.Id, read.Name);
        }
    }

    private void WriteDelta(MessageEventReader read, IBufferWriter<byte> output)
    {
        if (read.InnerType.SequenceEqual("text_delta"u8))
            WriteText(read.Text, output);
        else if (read.InnerType.SequenceEqual("thinking_delta"u8))
            WriteThinking(read.Text, output);
        else if (read.InnerType.SequenceEqual("signature_delta"u8))
            WriteSignature(read.Signature, output);
        else if (read.InnerType.SequenceEqual("input_json_delta"u8) && !read.Text.IsEmpty && _tools.TryGetValue(read.Index, out var tool))
        {
            tool.HasArguments = true;
            Chunks.Arguments(output, tool.Number, read.Text);
        }
    }

    private void WriteText(ReadOnlySpan<byte> text, IBufferWriter<byte> output)
    {
        if (text.IsEmpty)
            return;
        EndCalls(output);
        Chunks.Content(output, text);
    }

    private void WriteThinking(ReadOnlySpan<byte> text, IBufferWriter<byte> output)
    {
        if (text.IsEmpty)
            return;
        EndCalls(output);
        _thoughts.Think(text);
        Chunks.Reasoning(output, text);
    }

    private void WriteSignature(ReadOnlySpan<byte> signature, IBufferWriter<byte> output)
    {
        if (signature.IsEmpty)
            return;
        EndCalls(output);
        _thoughts.Sign(signature);
        Chunks.Signature(output, signature);
    }

    private void StopBlock(MessageEventReader read, IBufferWriter<byte> output)
    {
        if (_tools.Remove(read.Index, out var tool))
            EndCall(tool, output);
    }

    // One block at a time: what begins, or goes on, beside a call ends it. Its arguments must not come behind the words of another block.
    private void EndCalls(IBufferWriter<byte> output)
    {
        foreach (var tool in _tools.Values)
            EndCall(tool, output);
        _tools.Clear();
    }

    // A call that takes nothing has no input_json_delta with text in it, and "" is no JSON to who parses the arguments.
    private void EndCall(ToolBlock tool, IBufferWriter<byte> output)
    {
        if (!tool.HasArguments)
            Chunks.Arguments(output, tool.Number, JavaScriptEncoded(tool.Input));
    }

    private void FinishMessage(MessageEventReader read, IBufferWriter<byte> output)
    {
        Count(read);
        if (read.StopReason.IsEmpty || _finished)
            return;
        EndCalls(output);
        _finished = true;
        Chunks.Finish(output, read.StopReason, read.StopSequence, _thoughts.ToField(), _usageApart ? null : _usage);
    }

    private void StopMessage(IBufferWriter<byte> output)
    {
        if (!_finished)
        {
            WriteError("api_error"u8, "The backend ended its answer without a stop reason."u8, output);
            return;
        }

        if (_usageApart)
            Chunks.Usage(output, _usage);
        output.Write("data: [DONE]\n\n"u8);
        _over = true;
    }

    // Every report is the whole so far: what it names is replaced, what it leaves out stays.
    private void Count(MessageEventReader read) => _usage = new AnthropicUsage(
        read.InputTokens ?? _usage.Input,
        read.CacheCreationTokens ?? _usage.CacheCreation,
        read.CacheReadTokens ?? _usage.CacheRead,
        read.OutputTokens ?? _usage.Output,
        read.ThinkingTokens ?? _usage.Thinking);

    private void WriteError(ReadOnlySpan<byte> type, ReadOnlySpan<byte> message, IBufferWriter<byte> output)
    {
        output.Write("data: {\"error\":{\"message\":\""u8);
        output.Write(message);
        output.Write("\",\"type\":\""u8);
        output.Write(type);
        output.Write("\",\"param\":null,\"code\":"u8);
        // The status that it would have had before the stream; so llama-server does too.
        output.Write(Encoding.ASCII.GetBytes(AnthropicErrors.StatusOf(Encoding.UTF8.GetString(type)).ToString(CultureInfo.InvariantCulture)));
        output.Write("}}\n\n"u8);
        _over = true;
    }

    private static ReadOnlySpan<byte> JavaScriptEncoded(byte[] json) => JsonEncodedText.Encode(json, JavaScriptEncoder.UnsafeRelaxedJsonEscaping).EncodedUtf8Bytes;

    private sealed class ToolBlock(int number, byte[] input)
    {
        public int Number { get; } = number;

        /// <summary>What the block started with: <c>{}</c>, unless a server sends the input whole.</summary>
        public byte[] Input { get; } = input;

        public bool HasArguments { get; set; }
    }
}
