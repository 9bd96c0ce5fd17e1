namespace Comox.Gateway.Anthropic;

/// <summary>The pieces of tool calls in one chunk: <code>[{"index":0,"id":"call_1","type":"function","function":{"name":"weather","arguments":"{\"ci"}}]</code></summary>
internal ref struct ToolCallReader
{
    private readonly bool _isArray;
    private RawReader _json;

    public ToolCallReader(ReadOnlySpan<byte> toolCalls)
    {
        _json = new RawReader(toolCalls);
        _isArray = !toolCalls.IsEmpty && _json.EnterArray();
    }

    public int Index { get; private set; }
    public ReadOnlySpan<byte> Id { get; private set; }
    public ReadOnlySpan<byte> Name { get; private set; }
    public ReadOnlySpan<byte> Arguments { get; private set; }

    public bool Next()
    {
        if (!_isArray || !_json.NextObject())
            return false;
        Index = 0;
        Id = Name = Arguments = default;
        while (_json.NextField())
        {
            if (_json.Is("index"u8))
                Index = _json.Number() ?? 0;
            else if (_json.Is("id"u8))
                Id = _json.Text();
            else if (_json.Is("function"u8))
                ReadFunction();
            else
                _json.Skip();
        }

        return true;
    }

    private void ReadFunction()
    {
        if (!_json.EnterObject())
            return;
        while (_json.NextField())
        {
            if (_json.Is("name"u8))
                Name = _json.Text();
            else if (_json.Is("arguments"u8))
                Arguments = _json.Text();
            else
                _json.Skip();
        }
    }
}
