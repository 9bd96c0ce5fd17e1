using System.Text.Json;
using Comox.Gateway.Forwarding;

namespace Comox.Gateway.OpenAI.Responses;

/// <summary>
/// What a response needs of one <c>chat.completion.chunk</c>, or of a whole <c>chat.completion</c>, whose <c>message</c> reads like one large delta:
/// <code>{"choices":[{"index":0,"delta":{"content":"Hi","tool_calls":[…]},"logprobs":{"content":[…]},"finish_reason":null}],"usage":null}</code>
/// One pass; strings stay as they came, between their quotes.
/// </summary>
internal ref struct ChatDelta
{
    private readonly ReadOnlySpan<byte> _data;
    private Utf8JsonReader _json;

    private ChatDelta(ReadOnlySpan<byte> data)
    {
        _data = data;
        _json = new Utf8JsonReader(data, new JsonReaderOptions { MaxDepth = ChunkScan.MaxDepth });
    }

    public ReadOnlySpan<byte> Reasoning { get; private set; }
    public ReadOnlySpan<byte> Content { get; private set; }
    public ReadOnlySpan<byte> Refusal { get; private set; }

    /// <summary>A JSON array, or empty.</summary>
    public ReadOnlySpan<byte> ToolCalls { get; private set; }

    /// <summary>What stands between the brackets of <c>logprobs.content</c>.</summary>
    public ReadOnlySpan<byte> Logprobs { get; private set; }

    public string? FinishReason { get; private set; }
    public ChatUsage? Usage { get; private set; }

    /// <param name="data">A JSON object whose strings hold whole characters.</param>
    public static ChatDelta Read(ReadOnlySpan<byte> data)
    {
        var delta = new ChatDelta(data);
        delta.ReadChunk();
        return delta;
    }

    private void ReadChunk()
    {
        _json.Read();
        while (_json.Read() && _json.TokenType == JsonTokenType.PropertyName)
        {
            if (_json.ValueTextEquals("choices"u8))
                ReadChoices();
            else if (_json.ValueTextEquals("usage"u8))
                Usage = ChatUsage.Read(ref _json) ?? Usage;
            else
                SkipValue();
        }
    }

    private void ReadChoices()
    {
        _json.Read();
        if (_json.TokenType != JsonTokenType.StartArray)
        {
            _json.Skip();
            return;
        }

        // A response has one answer, and its request cannot ask for more: what comes first is it.
        for (var first = true; _json.Read() && _json.TokenType != JsonTokenType.EndArray; first = false)
        {
            if (first && _json.TokenType == JsonTokenType.StartObject)
                ReadChoice();
            else
                _json.Skip();
        }
    }

    private void ReadChoice()
    {
        while (_json.Read() && _json.TokenType == JsonTokenType.PropertyName)
        {
            if (_json.ValueTextEquals("delta"u8) || _json.ValueTextEquals("message"u8))
                ReadDelta();
            else if (_json.ValueTextEquals("logprobs"u8))
                ReadLogprobs();
            else if (_json.ValueTextEquals("finish_reason"u8))
                FinishReason = ReadText() ? _json.GetString() : FinishReason;
            else
                SkipValue();
        }
    }

    private void ReadDelta()
    {
        ReadOnlySpan<byte> thoughts = [];
        ReadOnlySpan<byte> reasoning = [];
        _json.Read();
        if (_json.TokenType != JsonTokenType.StartObject)
        {
            _json.Skip();
            return;
        }

        while (_json.Read() && _json.TokenType == JsonTokenType.PropertyName)
        {
            if (_json.ValueTextEquals("content"u8))
                Content = ReadText() ? _json.ValueSpan : Content;
            else if (_json.ValueTextEquals("refusal"u8))
                Refusal = ReadText() ? _json.ValueSpan : Refusal;
            else if (_json.ValueTextEquals("reasoning_content"u8))
                reasoning = ReadText() ? _json.ValueSpan : reasoning;
            else if (_json.ValueTextEquals("reasoning"u8))
                thoughts = ReadText() ? _json.ValueSpan : thoughts;
            else if (_json.ValueTextEquals("tool_calls"u8))
                ToolCalls = ReadArray();
            else
                SkipValue();
        }

        // llama-server and older vLLM say reasoning_content, newer vLLM says reasoning; who says both means the same words.
        Reasoning = reasoning.IsEmpty ? thoughts : reasoning;
    }

    private void ReadLogprobs()
    {
        _json.Read();
        if (_json.TokenType != JsonTokenType.StartObject)
        {
            _json.Skip();
            return;
        }

        while (_json.Read() && _json.TokenType == JsonTokenType.PropertyName)
        {
            if (!_json.ValueTextEquals("content"u8))
                SkipValue();
            else if (ReadArray() is { IsEmpty: false } array)
                Logprobs = array[1..^1].Trim(" \t\r\n"u8);
        }
    }

    private ReadOnlySpan<byte> ReadArray()
    {
        _json.Read();
        var (isArray, start) = (_json.TokenType == JsonTokenType.StartArray, (int)_json.TokenStartIndex);
        _json.Skip();
        return isArray ? _data[start..(int)_json.BytesConsumed] : [];
    }

    private bool ReadText()
    {
        _json.Read();
        if (_json.TokenType == JsonTokenType.String)
            return true;
        _json.Skip();
        return false;
    }

    private void SkipValue()
    {
        _json.Read();
        _json.Skip();
    }
}

/// <summary>One element of <c>tool_calls</c>: <code>{"index":0,"id":"call_1","type":"function","function":{"name":"look","arguments":"{\"a\""}}</code></summary>
internal ref struct ToolCallDelta
{
    private Utf8JsonReader _json;

    private ToolCallDelta(ReadOnlySpan<byte> calls)
    {
        _json = new Utf8JsonReader(calls, new JsonReaderOptions { MaxDepth = ChunkScan.MaxDepth });
        _json.Read();
        Index = -1;
    }

    /// <summary>Which call it belongs to. A whole answer numbers nothing: there it is the place in the array.</summary>
    public int Index { get; private set; }

    public ReadOnlySpan<byte> Id { get; private set; }
    public ReadOnlySpan<byte> Name { get; private set; }
    public ReadOnlySpan<byte> Arguments { get; private set; }

    /// <param name="calls">A JSON array.</param>
    public static ToolCallDelta In(ReadOnlySpan<byte> calls) => new(calls);

    public bool Next()
    {
        while (_json.Read() && _json.TokenType != JsonTokenType.EndArray)
        {
            if (_json.TokenType != JsonTokenType.StartObject)
            {
                _json.Skip();
                continue;
            }

            Index++;
            Id = Name = Arguments = [];
            ReadCall();
            return true;
        }

        return false;
    }

    private void ReadCall()
    {
        while (_json.Read() && _json.TokenType == JsonTokenType.PropertyName)
        {
            var (isIndex, isId, isFunction) = (_json.ValueTextEquals("index"u8), _json.ValueTextEquals("id"u8), _json.ValueTextEquals("function"u8));
            _json.Read();
            if (isIndex && _json.TokenType == JsonTokenType.Number && _json.TryGetInt32(out var index))
                Index = index;
            else if (isId && _json.TokenType == JsonTokenType.String)
                Id = _json.ValueSpan;
            else if (isFunction && _json.TokenType == JsonTokenType.StartObject)
                ReadFunction();
            else
                _json.Skip();
        }
    }

    private void ReadFunction()
    {
        while (_json.Read() && _json.TokenType == JsonTokenType.PropertyName)
        {
            var (isName, isArguments) = (_json.ValueTextEquals("name"u8), _json.ValueTextEquals("arguments"u8));
            _json.Read();
            if (isName && _json.TokenType == JsonTokenType.String)
                Name = _json.ValueSpan;
            else if (isArguments && _json.TokenType == JsonTokenType.String)
                Arguments = _json.ValueSpan;
            else
                _json.Skip();
        }
    }
}
