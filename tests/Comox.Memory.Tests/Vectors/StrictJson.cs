using System.Text.Json;

namespace Comox.Memory.Tests.Vectors;

/// <summary>What a request is refused with.</summary>
internal sealed class StrictRefusal(int status, string words) : Exception(words)
{
    public int Status => status;
}

/// <summary>JSON that is refused unless it is exactly what is documented: no other field, no other type.</summary>
internal static class StrictJson
{
    public static JsonElement Parse(string body)
    {
        try
        {
            using var document = JsonDocument.Parse(body);
            return document.RootElement.Clone();
        }
        catch (JsonException problem)
        {
            throw Bad($"Format error in JSON body: {problem.Message}");
        }
    }

    public static JsonElement Only(this JsonElement value, string where, params string[] fields)
    {
        if (value.ValueKind != JsonValueKind.Object)
            throw Bad($"{where} must be an object");
        foreach (var field in value.EnumerateObject())
        {
            if (!fields.Contains(field.Name))
                throw Bad($"unknown field `{field.Name}` in {where}, expected one of {string.Join(", ", fields)}");
        }

        return value;
    }

    public static JsonElement Field(this JsonElement value, string name) =>
        value.TryGetProperty(name, out var field) ? field : throw Bad($"missing field `{name}`");

    public static string Text(this JsonElement value, string what) =>
        value.ValueKind == JsonValueKind.String && value.GetString() is { Length: > 0 } text ? text : throw Bad($"{what} must be a string that is not empty");

    public static long Whole(this JsonElement value, string what) =>
        value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out var number) ? number : throw Bad($"{what} must be an integer");

    public static bool Truth(this JsonElement value, string what) => value.ValueKind switch
    {
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        _ => throw Bad($"{what} must be true or false"),
    };

    public static IReadOnlyList<JsonElement> List(this JsonElement value, string what) =>
        value.ValueKind == JsonValueKind.Array ? [.. value.EnumerateArray()] : throw Bad($"{what} must be an array");

    public static float[] Floats(this JsonElement value, string what) =>
        [.. value.List(what).Select(item => item.ValueKind == JsonValueKind.Number && item.TryGetSingle(out var number) && float.IsFinite(number) ? number : throw Bad($"{what} must be numbers"))];

    /// <summary>An unsigned integer, or a UUID as text.</summary>
    public static string PointId(this JsonElement value)
    {
        if (value.ValueKind == JsonValueKind.Number && value.TryGetUInt64(out var number))
            return number.ToString(System.Globalization.CultureInfo.InvariantCulture);
        if (value.ValueKind == JsonValueKind.String && Guid.TryParse(value.GetString(), out var uuid))
            return uuid.ToString();
        throw Bad($"value {value.GetRawText()} is not a valid point ID, valid values are either an unsigned integer or a UUID");
    }

    public static StrictRefusal Bad(string words) => new(400, words);
}
