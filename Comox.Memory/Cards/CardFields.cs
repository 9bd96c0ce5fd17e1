using System.Globalization;
using System.Text.Json;

namespace Comox.Memory.Cards;

/// <summary>
/// The fields of one object of a card. A missing or null field is empty. A text of the prompt that is no text is refused by its path, because the character
/// would not be itself without it; any other field of another type is left out with a warning.
/// </summary>
internal readonly struct CardFields(JsonElement owner, string path, List<string> warnings)
{
    public string Text(string name) => Get(name) is not { } value
        ? ""
        : value.ValueKind == JsonValueKind.String ? TextOf(value, path + name) : throw new WrongField($"{path}{name} is {CardReader.Kind(value)}, not a string.");

    public string Note(string name) => Get(name) is not { } value
        ? ""
        : value.ValueKind == JsonValueKind.String ? TextOf(value, path + name) : LeaveOut(name, value, "a string", "");

    /// <summary>An array of strings; one string with commas where <paramref name="splitAt"/> says that people write it so.</summary>
    public IReadOnlyList<string> Texts(string name, char? splitAt = null)
    {
        if (Get(name) is not { } value)
            return [];
        if (value.ValueKind == JsonValueKind.String && splitAt is { } comma)
            return TextOf(value, path + name).Split(comma, StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        if (value.ValueKind != JsonValueKind.Array)
            return LeaveOut<IReadOnlyList<string>>(name, value, "an array", []);

        var at = 0;
        var texts = new List<string>(value.GetArrayLength());
        foreach (var item in value.EnumerateArray())
        {
            var where = $"{name}[{at++}]";
            if (item.ValueKind == JsonValueKind.String)
                texts.Add(TextOf(item, path + where));
            else
                LeaveOut(where, item, "a string", "");
        }

        return texts;
    }

    public CardFields Object(string name) => new(
        Get(name) is not { } value ? default : value.ValueKind == JsonValueKind.Object ? value : LeaveOut<JsonElement>(name, value, "an object", default),
        $"{path}{name}.",
        warnings);

    /// <summary>The items of an array, or the values of an object whose keys number them: SillyTavern writes its worlds so.</summary>
    public IEnumerable<CardFields> Items(string name)
    {
        var value = Get(name) ?? default;
        var items = value.ValueKind switch
        {
            JsonValueKind.Array => value.EnumerateArray().ToArray(),
            JsonValueKind.Object => [.. value.EnumerateObject().Select(field => field.Value)],
            JsonValueKind.Undefined => [],
            _ => LeaveOut<JsonElement[]>(name, value, "an array", []),
        };
        for (var at = 0; at < items.Length; at++)
        {
            if (items[at].ValueKind == JsonValueKind.Object)
                yield return new CardFields(items[at], $"{path}{name}[{at}].", warnings);
            else
                LeaveOut($"{name}[{at}]", items[at], "an object", 0);
        }
    }

    /// <summary>The items of an array in which an item is a text or an object with more to say.</summary>
    public IEnumerable<(string? Text, CardFields Fields)> TextsOrItems(string name)
    {
        if (Get(name) is not { } value)
            yield break;
        if (value.ValueKind != JsonValueKind.Array)
        {
            LeaveOut(name, value, "an array", 0);
            yield break;
        }

        var at = 0;
        foreach (var item in value.EnumerateArray())
        {
            var where = $"{name}[{at++}]";
            if (item.ValueKind == JsonValueKind.String)
                yield return (TextOf(item, path + where), default);
            else if (item.ValueKind == JsonValueKind.Object)
                yield return (null, new CardFields(item, $"{path}{where}.", warnings));
            else
                LeaveOut(where, item, "a string or an object", 0);
        }
    }

    public bool Flag(string name, bool otherwise) => Get(name) is not { } value
        ? otherwise
        : value.ValueKind is JsonValueKind.True or JsonValueKind.False ? value.GetBoolean() : LeaveOut(name, value, "a boolean", otherwise);

    public double Number(string name, double otherwise)
    {
        if (Get(name) is not { } value)
            return otherwise;
        if (value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out var number))
            return number;
        return value.ValueKind == JsonValueKind.String && double.TryParse(TextOf(value, path + name), CultureInfo.InvariantCulture, out var written) && double.IsFinite(written)
            ? written
            : LeaveOut(name, value, "a number", otherwise);
    }

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

    private T LeaveOut<T>(string name, JsonElement value, string expected, T otherwise)
    {
        var owner = path;
        CardReader.Warn(warnings, () => $"{owner}{name} is {CardReader.Kind(value)}, not {expected}; it is not used.");
        return otherwise;
    }
}
