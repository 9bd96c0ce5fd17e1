using System.Text.Json;

namespace Comox.NodeAgent.Adapters;

/// <summary>
/// A request's body, looked through once for the few members that say which adapter it is for. What is not ours stays byte for byte; a replaced member is
/// replaced wherever it occurs, so that no parser can pick another value than ours.
/// </summary>
internal readonly struct AdapterBody
{
    private readonly ReadOnlyMemory<byte> _body;
    private readonly int _brace;
    private readonly bool _isEmpty;
    private readonly List<(int Start, int End)> _choices;

    private AdapterBody(ReadOnlyMemory<byte> body, string? model, int brace, bool isEmpty, List<(int Start, int End)> choices) =>
        (_body, Model, _brace, _isEmpty, _choices) = (body, model, brace, isEmpty, choices);

    /// <summary>The last <c>model</c>, as parsers have it; null: none.</summary>
    public string? Model { get; }

    /// <returns>Null: it is no JSON object, and the engine will say so.</returns>
    public static AdapterBody? Read(ReadOnlyMemory<byte> body)
    {
        var reader = new Utf8JsonReader(body.Span);
        string? model = null;
        var choices = new List<(int Start, int End)>();
        var isEmpty = true;
        try
        {
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
                return null;
            var brace = (int)reader.TokenStartIndex;
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                isEmpty = false;
                var (isModel, isChoice) = (reader.ValueTextEquals("model"u8), reader.ValueTextEquals("lora"u8));
                reader.Read();
                var start = (int)reader.TokenStartIndex;
                if (isModel && reader.TokenType == JsonTokenType.String)
                    model = reader.GetString();
                reader.Skip();
                if (isChoice)
                    choices.Add((start, (int)reader.BytesConsumed));
            }

            return new AdapterBody(body, model, brace, isEmpty, choices);
        }
        catch (Exception damaged) when (damaged is JsonException or InvalidOperationException)
        {
            return null;
        }
    }

    /// <summary>The body with this <c>lora</c> and no other.</summary>
    public ReadOnlyMemory<byte> With(ReadOnlySpan<byte> choice)
    {
        var name = "\"lora\":"u8;
        var body = _body.Span;
        var made = new byte[body.Length + ((_choices.Count + 1) * (choice.Length + name.Length + 1))];
        var end = 0;
        if (_choices.Count == 0)
        {
            Add(body[..(_brace + 1)], made, ref end);
            Add(name, made, ref end);
            Add(choice, made, ref end);
            if (!_isEmpty)
                Add(","u8, made, ref end);
            Add(body[(_brace + 1)..], made, ref end);
            return made.AsMemory(0, end);
        }

        var from = 0;
        foreach (var (start, stop) in _choices)
        {
            Add(body[from..start], made, ref end);
            Add(choice, made, ref end);
            from = stop;
        }

        Add(body[from..], made, ref end);
        return made.AsMemory(0, end);
    }

    private static void Add(ReadOnlySpan<byte> piece, byte[] to, ref int end)
    {
        piece.CopyTo(to.AsSpan(end));
        end += piece.Length;
    }
}
