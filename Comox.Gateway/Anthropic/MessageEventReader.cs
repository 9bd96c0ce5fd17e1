namespace Comox.Gateway.Anthropic;

/// <summary>
/// One event of Anthropic's stream, read in one pass. Texts are as spelled, empty where absent:
/// <code>
/// {"type":"message_start","message":{"id":"msg_1","model":"m","usage":{"input_tokens":10,"output_tokens":1}}}
/// {"type":"content_block_start","index":1,"content_block":{"type":"tool_use","id":"toolu_1","name":"weather","input":{}}}
/// {"type":"content_block_delta","index":1,"delta":{"type":"input_json_delta","partial_json":"{\"ci"}}
/// {"type":"message_delta","delta":{"stop_reason":"tool_use","stop_sequence":null},"usage":{"output_tokens":9}}
/// {"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}
/// </code>
/// </summary>
internal ref struct MessageEventReader
{
    private RawReader _json;

    public ReadOnlySpan<byte> Type { get; private set; }
    public int Index { get; private set; }

    /// <summary>Of the delta, the content block or the error.</summary>
    public ReadOnlySpan<byte> InnerType { get; private set; }

    /// <summary>Text, thinking, partial JSON, signature, redacted data or an error's message: an event has one of them.</summary>
    public ReadOnlySpan<byte> Text { get; private set; }

    public ReadOnlySpan<byte> Signature { get; private set; }

    /// <summary>Of the message or the tool call.</summary>
    public ReadOnlySpan<byte> Id { get; private set; }

    public ReadOnlySpan<byte> Name { get; private set; }
    public ReadOnlySpan<byte> Model { get; private set; }

    /// <summary>A tool call's input, where it comes whole.</summary>
    public ReadOnlySpan<byte> Input { get; private set; }

    public ReadOnlySpan<byte> StopReason { get; private set; }
    public ReadOnlySpan<byte> StopSequence { get; private set; }
    public int? InputTokens { get; private set; }
    public int? CacheCreationTokens { get; private set; }
    public int? CacheReadTokens { get; private set; }
    public int? OutputTokens { get; private set; }
    public int? ThinkingTokens { get; private set; }

    /// <exception cref="System.Text.Json.JsonException">It is no JSON.</exception>
    public static MessageEventReader Read(ReadOnlySpan<byte> data)
    {
        var reader = new MessageEventReader { _json = new RawReader(data) };
        if (reader._json.EnterObject())
            reader.ReadEvent();
        return reader;
    }

    private void ReadEvent()
    {
        while (_json.NextField())
        {
            if (_json.Is("type"u8))
                Type = _json.Text();
            else if (_json.Is("index"u8))
                Index = _json.Number() ?? 0;
            else if (_json.Is("delta"u8) || _json.Is("content_block"u8) || _json.Is("error"u8) || _json.Is("message"u8))
                ReadInner();
            else if (_json.Is("usage"u8))
                ReadUsage();
            else
                _json.Skip();
        }
    }

    private void ReadInner()
    {
        if (!_json.EnterObject())
            return;
        while (_json.NextField())
        {
            if (_json.Is("type"u8))
                InnerType = _json.Text();
            else if (_json.Is("text"u8) || _json.Is("thinking"u8) || _json.Is("partial_json"u8) || _json.Is("data"u8) || _json.Is("message"u8))
                Text = _json.Text();
            else if (_json.Is("signature"u8))
                Signature = _json.Text();
            else if (_json.Is("id"u8))
                Id = _json.Text();
            else if (_json.Is("name"u8))
                Name = _json.Text();
            else if (_json.Is("model"u8))
                Model = _json.Text();
            else if (_json.Is("input"u8))
                Input = _json.Value();
            else if (_json.Is("stop_reason"u8))
                StopReason = _json.Text();
            else if (_json.Is("stop_sequence"u8))
                StopSequence = _json.Text();
            else if (_json.Is("usage"u8))
                ReadUsage();
            else
                _json.Skip();
        }
    }

    private void ReadUsage()
    {
        if (!_json.EnterObject())
            return;
        while (_json.NextField())
        {
            if (_json.Is("input_tokens"u8))
                InputTokens = _json.Number();
            else if (_json.Is("cache_creation_input_tokens"u8))
                CacheCreationTokens = _json.Number();
            else if (_json.Is("cache_read_input_tokens"u8))
                CacheReadTokens = _json.Number();
            else if (_json.Is("output_tokens"u8))
                OutputTokens = _json.Number();
            else if (_json.Is("output_tokens_details"u8))
                ReadOutputDetails();
            else
                _json.Skip();
        }
    }

    private void ReadOutputDetails()
    {
        if (!_json.EnterObject())
            return;
        while (_json.NextField())
        {
            if (_json.Is("thinking_tokens"u8))
                ThinkingTokens = _json.Number();
            else
                _json.Skip();
        }
    }
}
