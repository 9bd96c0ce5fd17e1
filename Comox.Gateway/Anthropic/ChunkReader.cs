namespace Comox.Gateway.Anthropic;

/// <summary>
/// What an Anthropic client is told of one <c>chat.completion.chunk</c>. Texts are as spelled, empty where absent:
/// <code>{"choices":[{"index":0,"delta":{"content":"Hi"},"finish_reason":null}],"id":"chatcmpl-1","model":"m","usage":null}</code>
/// </summary>
internal ref struct ChunkReader
{
    private RawReader _json;

    public ReadOnlySpan<byte> Id { get; private set; }
    public ReadOnlySpan<byte> Model { get; private set; }
    public ReadOnlySpan<byte> Content { get; private set; }

    /// <summary><c>reasoning_content</c>, else <c>reasoning</c>. Some engines send both, with the same words.</summary>
    public ReadOnlySpan<byte> Reasoning { get; private set; }

    public ReadOnlySpan<byte> Signature { get; private set; }
    public ReadOnlySpan<byte> RedactedThinking { get; private set; }
    public ReadOnlySpan<byte> Refusal { get; private set; }

    /// <summary>The array <c>tool_calls</c>; <see cref="ToolCallReader"/> reads it.</summary>
    public ReadOnlySpan<byte> ToolCalls { get; private set; }

    public ReadOnlySpan<byte> FinishReason { get; private set; }
    public ReadOnlySpan<byte> NativeFinishReason { get; private set; }

    /// <summary>vLLM's <c>stop_reason</c>: the stop sequence (a number, which we skip, where it was a token).</summary>
    public ReadOnlySpan<byte> StoppedAt { get; private set; }

    public AnthropicUsage? Usage { get; private set; }

    /// <param name="chunk">A JSON object.</param>
    public static ChunkReader Read(ReadOnlySpan<byte> chunk)
    {
        var reader = new ChunkReader { _json = new RawReader(chunk) };
        if (reader._json.EnterObject())
            reader.ReadChunk();
        return reader;
    }

    private void ReadChunk()
    {
        while (_json.NextField())
        {
            if (_json.Is("choices"u8))
                ReadChoices();
            else if (_json.Is("id"u8))
                Id = _json.Text();
            else if (_json.Is("model"u8))
                Model = _json.Text();
            else if (_json.Is("usage"u8))
                ReadUsage();
            else
                _json.Skip();
        }
    }

    private void ReadChoices()
    {
        if (!_json.EnterArray())
            return;
        while (_json.NextObject())
        {
            while (_json.NextField())
            {
                if (_json.Is("delta"u8))
                    ReadDelta();
                else if (_json.Is("finish_reason"u8))
                    FinishReason = _json.Text();
                else if (_json.Is("native_finish_reason"u8))
                    NativeFinishReason = _json.Text();
                else if (_json.Is("stop_reason"u8))
                    StoppedAt = _json.Text();
                else
                    _json.Skip();
            }
        }
    }

    private void ReadDelta()
    {
        if (!_json.EnterObject())
            return;
        ReadOnlySpan<byte> reasoning = default;
        while (_json.NextField())
        {
            if (_json.Is("content"u8))
                Content = _json.Text();
            else if (_json.Is("reasoning_content"u8))
                Reasoning = _json.Text();
            else if (_json.Is("reasoning"u8))
                reasoning = _json.Text();
            else if (_json.Is("reasoning_signature"u8))
                Signature = _json.Text();
            else if (_json.Is("redacted_thinking"u8))
                ReadRedacted();
            else if (_json.Is("refusal"u8))
                Refusal = _json.Text();
            else if (_json.Is("tool_calls"u8))
                ToolCalls = _json.Value();
            else
                _json.Skip();
        }

        if (Reasoning.IsEmpty)
            Reasoning = reasoning;
    }

    private void ReadRedacted()
    {
        if (!_json.EnterObject())
            return;
        while (_json.NextField())
        {
            if (_json.Is("data"u8))
                RedactedThinking = _json.Text();
            else
                _json.Skip();
        }
    }

    private void ReadUsage()
    {
        if (!_json.EnterObject())
            return;
        int prompt = 0, cached = 0, creation = 0, completion = 0, reasoning = 0;
        while (_json.NextField())
        {
            if (_json.Is("prompt_tokens"u8))
                prompt = _json.Number() ?? 0;
            else if (_json.Is("completion_tokens"u8))
                completion = _json.Number() ?? 0;
            else if (_json.Is("prompt_tokens_details"u8))
                ReadDetails(ref cached, ref creation);
            else if (_json.Is("completion_tokens_details"u8))
                ReadDetails(ref reasoning);
            else
                _json.Skip();
        }

        Usage = AnthropicUsage.FromChat(prompt, cached, creation, completion, reasoning);
    }

    private void ReadDetails(ref int cached, ref int creation)
    {
        if (!_json.EnterObject())
            return;
        while (_json.NextField())
        {
            if (_json.Is("cached_tokens"u8))
                cached = _json.Number() ?? 0;
            else if (_json.Is("cache_creation_tokens"u8))
                creation = _json.Number() ?? 0;
            else
                _json.Skip();
        }
    }

    private void ReadDetails(ref int reasoning)
    {
        if (!_json.EnterObject())
            return;
        while (_json.NextField())
        {
            if (_json.Is("reasoning_tokens"u8))
                reasoning = _json.Number() ?? 0;
            else
                _json.Skip();
        }
    }
}
