using System.Text.Json;

namespace Comox.Memory.Tests.Vectors;

/// <summary>An index on a field of the payload.</summary>
internal sealed record StrictIndex(string Type, bool IsTenant, bool HasRange)
{
    public void Check(string field, JsonElement value)
    {
        var fits = Type switch
        {
            "keyword" => value.ValueKind == JsonValueKind.String || (value.ValueKind == JsonValueKind.Array && value.EnumerateArray().All(item => item.ValueKind == JsonValueKind.String)),
            _ => value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out _),
        };
        if (!fits)
            throw StrictJson.Bad($"'{field}' is indexed as {Type}, which {value.GetRawText()} is not");
    }
}

/// <summary>A filter of <see cref="StrictQdrant"/>: <c>{"must":[{"key":"subject","match":{"value":"mara"}},…]}</c>.</summary>
internal sealed class StrictFilter
{
    private readonly List<Func<string, JsonElement, bool>> _conditions = [];

    public static StrictFilter Parse(JsonElement filter, IReadOnlyDictionary<string, StrictIndex> indexes)
    {
        var parsed = new StrictFilter();
        var tenant = false;
        foreach (var condition in filter.Only("filter", "must").Field("must").List("must"))
        {
            if (condition.TryGetProperty("has_id", out var ids))
            {
                condition.Only("a condition", "has_id");
                var wanted = ids.List("has_id").Select(id => id.PointId()).ToList();
                if (wanted.Count != wanted.Distinct().Count())
                    throw StrictJson.Bad("has_id has an id twice");
                parsed._conditions.Add((id, _) => wanted.Contains(id));
                continue;
            }

            var key = condition.Only("a condition", "key", "match", "range").Field("key").Text("key");
            var isMatch = condition.TryGetProperty("match", out var match);
            var type = isMatch ? "keyword" : "integer";
            if (!indexes.TryGetValue(key, out var index) || index.Type != type || (!isMatch && !index.HasRange))
                throw StrictJson.Bad($"Bad request: Index required but not found for \"{key}\" of one of the following types: [{type}]. Help: Create an index for this key or use a different filter.");
            tenant |= index.IsTenant && isMatch && match.TryGetProperty("value", out _);
            var matches = isMatch ? Match(match) : Range(condition.Field("range"));
            parsed._conditions.Add((_, payload) => payload.TryGetProperty(key, out var value) && matches(value));
        }

        return tenant ? parsed : throw StrictJson.Bad("the filter names no tenant");
    }

    public bool Matches(string id, JsonElement payload) => _conditions.All(condition => condition(id, payload));

    private static Func<JsonElement, bool> Match(JsonElement match)
    {
        match.Only("match", "value", "any");
        string[] wanted = match.TryGetProperty("value", out var value)
            ? [value.Text("value")]
            : [.. match.Field("any").List("any").Select(item => item.Text("any"))];
        if (wanted.Length == 0 || (match.TryGetProperty("value", out _) && match.TryGetProperty("any", out _)))
            throw StrictJson.Bad("match has one of value and any");
        return field => field.ValueKind == JsonValueKind.Array ? field.EnumerateArray().Any(item => wanted.Contains(item.GetString())) : wanted.Contains(field.GetString());
    }

    private static Func<JsonElement, bool> Range(JsonElement range)
    {
        range.Only("range", "gte", "lt");
        var from = range.TryGetProperty("gte", out var gte) ? gte.Whole("gte") : long.MinValue;
        var before = range.TryGetProperty("lt", out var lt) ? lt.Whole("lt") : long.MaxValue;
        return field => field.GetInt64() >= from && field.GetInt64() < before;
    }
}
