using System.Text.Json;
using Comox.Gateway.Forwarding;

namespace Comox.Gateway.Anthropic;

/// <summary>
/// Reads an event in one pass and hands out strings as they are spelled, escapes and all: they are copied into another string of the same spelling,
/// so nothing is decoded and half a character (<c>"\ud83d"</c>), which some engines send, passes unharmed.
/// </summary>
internal ref struct RawReader(ReadOnlySpan<byte> json)
{
    private readonly ReadOnlySpan<byte> _bytes = json;
    private Utf8JsonReader _json = new(json, new JsonReaderOptions { MaxDepth = ChunkScan.MaxDepth });

    /// <summary>Reads the next value's opening brace. What is no object is skipped.</summary>
    public bool EnterObject() => Enter(JsonTokenType.StartObject);

    public bool EnterArray() => Enter(JsonTokenType.StartArray);

    /// <summary>Moves to the next key of the object that was entered last; false at its end.</summary>
    public bool NextField() => _json.Read() && _json.TokenType == JsonTokenType.PropertyName;

    /// <summary>Moves into the next object of the array that was entered last; false at its end.</summary>
    public bool NextObject()
    {
        while (_json.Read() && _json.TokenType != JsonTokenType.EndArray)
        {
            if (_json.TokenType == JsonTokenType.StartObject)
                return true;
            _json.Skip();
        }

        return false;
    }

    // No key of ours is ever escaped, and comparing the others decoded would throw at half a character.
    public readonly bool Is(ReadOnlySpan<byte> key) => !_json.ValueIsEscaped && _json.ValueSpan.SequenceEqual(key);

    public void Skip()
    {
        _json.Read();
        _json.Skip();
    }

    /// <summary>The value's spelling between the quotes; empty where it is no string.</summary>
    public ReadOnlySpan<byte> Text()
    {
        _json.Read();
        if (_json.TokenType == JsonTokenType.String)
            return _json.ValueSpan;
        _json.Skip();
        return default;
    }

    public int? Number()
    {
        _json.Read();
        if (_json.TokenType == JsonTokenType.Number && _json.TryGetInt32(out var number))
            return number;
        _json.Skip();
        return null;
    }

    /// <summary>The value's bytes, whatever it is; empty for null.</summary>
    public ReadOnlySpan<byte> Value()
    {
        _json.Read();
        var start = (int)_json.TokenStartIndex;
        var isNull = _json.TokenType == JsonTokenType.Null;
        _json.Skip();
        return isNull ? default : _bytes[start..(int)_json.BytesConsumed];
    }

    private bool Enter(JsonTokenType token)
    {
        if (_json.Read() && _json.TokenType == token)
            return true;
        _json.Skip();
        return false;
    }
}
