using System.Text;
using System.Text.Json;

namespace Comox.Gateway.OpenAI.Responses;

/// <summary>One value of a body as the bytes that came; nothing is decoded before somebody asks.</summary>
internal readonly record struct JsonSlice(JsonTokenType Kind, ReadOnlyMemory<byte> Bytes)
{
    /// <summary>Absent or null, which the API does not tell apart.</summary>
    public bool IsNone => Kind is JsonTokenType.None or JsonTokenType.Null;

    public bool IsText => Kind == JsonTokenType.String;

    /// <summary>A string's bytes between the quotes, escapes and all.</summary>
    public ReadOnlyMemory<byte> Inner => Bytes[1..^1];

    /// <summary>The decoded string, or null where the value is none.</summary>
    public string? Text
    {
        get
        {
            if (!IsText)
                return null;
            var json = new Utf8JsonReader(Bytes.Span);
            json.Read();
            return json.GetString();
        }
    }

    public override string ToString() => Encoding.UTF8.GetString(Bytes.Span);
}

/// <summary>The members of a JSON object, one after the other, as slices.</summary>
internal ref struct JsonMembers
{
    private readonly ReadOnlyMemory<byte> _object;
    private Utf8JsonReader _json;
    private ReadOnlySpan<byte> _name;

    /// <param name="json">JSON, checked or not; what is no JSON throws a <see cref="JsonException"/> on the way.</param>
    public JsonMembers(ReadOnlyMemory<byte> json)
    {
        _object = json;
        _json = new Utf8JsonReader(json.Span, JsonDepth.Options);
        IsObject = _json.Read() && _json.TokenType == JsonTokenType.StartObject;
    }

    public bool IsObject { get; }

    /// <summary>The key in its quotes, as it came.</summary>
    public ReadOnlyMemory<byte> Name { get; private set; }

    public JsonSlice Value { get; private set; }

    public bool Next()
    {
        if (!_json.Read() || _json.TokenType != JsonTokenType.PropertyName)
        {
            _json.Read(); // Throws where anything follows the object.
            return false;
        }

        // "typ\u0065" is the same key to every parser.
        _name = _json.ValueIsEscaped ? Encoding.UTF8.GetBytes(_json.GetString()!) : _json.ValueSpan;
        Name = _object.Slice((int)_json.TokenStartIndex, _json.ValueSpan.Length + 2);
        _json.Read();
        var (kind, start) = (_json.TokenType, (int)_json.TokenStartIndex);
        _json.Skip();
        Value = new JsonSlice(kind, _object[start..(int)_json.BytesConsumed]);
        return true;
    }

    public readonly bool Is(ReadOnlySpan<byte> name) => _name.SequenceEqual(name);
}

/// <summary>The elements of a JSON array, one after the other, as slices.</summary>
internal ref struct JsonElements
{
    private readonly ReadOnlyMemory<byte> _array;
    private Utf8JsonReader _json;

    public JsonElements(ReadOnlyMemory<byte> json)
    {
        _array = json;
        _json = new Utf8JsonReader(json.Span, JsonDepth.Options);
        _json.Read();
        Index = -1;
    }

    public int Index { get; private set; }
    public JsonSlice Value { get; private set; }

    public bool Next()
    {
        if (!_json.Read() || _json.TokenType == JsonTokenType.EndArray)
            return false;
        var (kind, start) = (_json.TokenType, (int)_json.TokenStartIndex);
        _json.Skip();
        Value = new JsonSlice(kind, _array[start..(int)_json.BytesConsumed]);
        Index++;
        return true;
    }
}

/// <summary>Tool schemas nest deeply; the depth only bounds a counter here, nothing recurses.</summary>
internal static class JsonDepth
{
    public static JsonReaderOptions Options { get; } = new() { MaxDepth = 512 };
}
