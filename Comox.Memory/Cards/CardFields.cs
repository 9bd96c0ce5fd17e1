using System.Text.Json;

namespace Comox.Memory.Cards;

/// <summary>The fields of one object of a card. A missing or null field is empty; one of another type is refused by its path.</summary>
internal readonly struct CardFields(JsonElement owner, string path)
{
    public string Text(string name) => Get(name) is not { } value
        ? ""
        : value.ValueKind == JsonValueKind.String ? TextOf(value, path + name) : throw Wrong(name, value, "a string");

    public IReadOnlyList<string> Texts(string name)
    {
        if (Get(name) is not { } value)
            return [];
        if (value.ValueKind != JsonValueKind.Array)
            throw Wrong(name, value, "an array");

        var where = path + name;
        var at = 0;
        var texts = new List<string>(value.GetArrayLength());
        foreach (var item in value.EnumerateArray())
        {
            if (item.ValueKind != JsonValueKind.String)
                throw new WrongField($"{where}[{at}] is {CardReader.Kind(item)}, not a string.");
            texts.Add(TextOf(item, $"{where}[{at++}]"));
        }

        return texts;
    }

    public JsonElement Object(string name) => Get(name) is not { } value
        ? default
        : value.ValueKind == JsonValueKind.Object ? value : throw Wrong(name, value, "an object");

    public bool Flag(string name, bool otherwise) => Get(name) is not { } value
        ? otherwise
        : value.ValueKind is JsonValueKind.True or JsonValueKind.False ? value.GetBoolean() : throw Wrong(name, value, "a boolean");

    public double Number(string name, double otherwise) => Get(name) is not { } value
        ? otherwise
        : value.ValueKind == JsonValueKind.Number ? value.GetDouble() : throw Wrong(name, value, "a number");

    /// <summary>A JSON string may hold half a surrogate pair ("\ud83d"), which is no text; NUL is text that PostgreSQL cannot store.</summary>
    public static string TextOf(JsonElement value, string where)
    {
        try
        {
            return value.GetString()!.Replace("\0", "", StringComparison.Ordinal);
        }
        catch (InvalidOperationException)
        {
            throw new WrongField($"{where} contains half a character (an unpaired surrogate).");
        }
    }

    private JsonElement? Get(string name) =>
        owner.ValueKind == JsonValueKind.Object && owner.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null ? value : null;

    private WrongField Wrong(string name, JsonElement value, string expected) => new($"{path}{name} is {CardReader.Kind(value)}, not {expected}.");
}
