using System.Text.Json;
using System.Text.Json.Nodes;

namespace Comox.Memory.Tests.Vectors;

/// <summary>A collection of <see cref="StrictQdrant"/>.</summary>
internal sealed class StrictCollection
{
    private readonly Dictionary<string, StrictIndex> _indexes = new(StringComparer.Ordinal);
    private readonly Dictionary<string, (float[] Vector, JsonElement Payload)> _points = new(StringComparer.Ordinal);
    private readonly int _size;
    private readonly string _distance;
    private long _operations;

    public StrictCollection(int size, string distance) => (_size, _distance) = (size, distance);

    public int PointCount => _points.Count;

    public IReadOnlyCollection<string> IndexedFields => [.. _indexes.Keys.Order()];

    public IReadOnlyCollection<string> Tenants => [.. _indexes.Where(index => index.Value.IsTenant).Select(index => index.Key)];

    /// <summary>As an operator would, or as it is after a process died in between.</summary>
    public void DropIndex(string field) => Assert.True(_indexes.Remove(field));

    public static StrictCollection Make(JsonElement body)
    {
        body.Only("the body", "vectors", "hnsw_config", "strict_mode_config");
        var vectors = body.Field("vectors").Only("vectors", "size", "distance");
        var hnsw = body.Field("hnsw_config").Only("hnsw_config", "m", "payload_m");
        if (hnsw.Field("m").Whole("m") != 0 || hnsw.Field("payload_m").Whole("payload_m") < 1)
            throw StrictJson.Bad("a collection of tenants has m 0 and payload_m");
        var strict = body.Field("strict_mode_config").Only("strict_mode_config", "enabled", "unindexed_filtering_retrieve", "unindexed_filtering_update");
        if (!strict.Field("enabled").Truth("enabled") || strict.Field("unindexed_filtering_retrieve").Truth("retrieve") || strict.Field("unindexed_filtering_update").Truth("update"))
            throw StrictJson.Bad("the collection is not strict");
        var distance = vectors.Field("distance").Text("distance");
        if (distance is not ("Cosine" or "Dot" or "Euclid" or "Manhattan"))
            throw StrictJson.Bad($"unknown variant `{distance}`");
        return vectors.Field("size").Whole("size") is > 0 and <= 65536 and var size ? new StrictCollection((int)size, distance) : throw StrictJson.Bad("size is out of range");
    }

    public JsonNode Describe() => new JsonObject
    {
        ["status"] = "green",
        ["optimizer_status"] = "ok",
        ["points_count"] = _points.Count,
        ["segments_count"] = 1,
        ["config"] = new JsonObject { ["params"] = new JsonObject { ["vectors"] = new JsonObject { ["size"] = _size, ["distance"] = _distance } } },
        ["payload_schema"] = new JsonObject(_indexes.Select(index => KeyValuePair.Create(index.Key, (JsonNode?)new JsonObject { ["data_type"] = index.Value.Type, ["points"] = _points.Count }))),
    };

    public JsonNode AddIndex(JsonElement body)
    {
        body.Only("the body", "field_name", "field_schema");
        var schema = body.Field("field_schema").Only("field_schema", "type", "is_tenant", "lookup", "range");
        var type = schema.Field("type").Text("type");
        var field = body.Field("field_name").Text("field_name");
        _indexes[field] = type switch
        {
            "keyword" when !schema.TryGetProperty("lookup", out _) && !schema.TryGetProperty("range", out _) =>
                new StrictIndex(type, schema.TryGetProperty("is_tenant", out var tenant) && tenant.Truth("is_tenant"), HasRange: false),
            "integer" when !schema.TryGetProperty("is_tenant", out _) && !schema.Field("lookup").Truth("lookup") => new StrictIndex(type, false, schema.Field("range").Truth("range")),
            _ => throw StrictJson.Bad($"field_schema of type {type} is not what is documented"),
        };
        return Updated();
    }

    public JsonNode Upsert(JsonElement body)
    {
        var points = body.Only("the body", "points").Field("points").List("points");
        if (points.Count == 0)
            throw StrictJson.Bad("Empty update request");
        // All are looked at before one is taken, and an id twice in a request is nobody's intention.
        var taken = points.Select(point => point.Only("a point", "id", "vector", "payload")).ToDictionary(point => point.Field("id").PointId(), point =>
        {
            var payload = point.Field("payload");
            foreach (var (field, index) in _indexes)
                index.Check(field, payload.Field(field));
            return (Vector: Normalised(VectorOf(point.Field("vector"))), payload);
        });
        foreach (var (id, point) in taken)
            _points[id] = point;
        return Updated();
    }

    public JsonNode Query(JsonElement body)
    {
        body.Only("the body", "query", "filter", "limit", "with_payload");
        var query = Normalised(VectorOf(body.Field("query")));
        var fields = body.Field("with_payload").List("with_payload").Select(field => field.Text("with_payload")).ToHashSet();
        if (body.Field("limit").Whole("limit") is not (>= 1 and <= 100_000 and var limit))
            throw StrictJson.Bad("limit: value must be 1.0 or larger");
        // Equals come in an order that is nobody's: by the id, which is a hash.
        var found = Matching(body).Select(point => (point.Key, point.Value.Payload, Score: Dot(query, point.Value.Vector)))
            .OrderByDescending(point => point.Score).ThenBy(point => point.Key, StringComparer.Ordinal).Take((int)limit);
        return new JsonObject
        {
            ["points"] = new JsonArray([.. found.Select(point => (JsonNode)new JsonObject
            {
                ["id"] = point.Key,
                ["version"] = _operations,
                ["score"] = point.Score,
                ["payload"] = new JsonObject(point.Payload.EnumerateObject().Where(field => fields.Contains(field.Name))
                    .Select(field => KeyValuePair.Create(field.Name, JsonNode.Parse(field.Value.GetRawText())))),
            })]),
        };
    }

    public JsonNode Count(JsonElement body)
    {
        body.Only("the body", "filter", "exact");
        if (!body.Field("exact").Truth("exact"))
            throw StrictJson.Bad("a count that is not exact is of no use here");
        return new JsonObject { ["count"] = Matching(body).Count() };
    }

    public JsonNode Delete(JsonElement body)
    {
        body.Only("the body", "filter");
        foreach (var (id, _) in Matching(body).ToList())
            _points.Remove(id);
        return Updated();
    }

    private IEnumerable<KeyValuePair<string, (float[] Vector, JsonElement Payload)>> Matching(JsonElement body)
    {
        var filter = StrictFilter.Parse(body.Field("filter"), _indexes);
        return _points.Where(point => filter.Matches(point.Key, point.Value.Payload));
    }

    private float[] VectorOf(JsonElement value) =>
        value.Floats("vector") is var vector && vector.Length == _size ? vector : throw StrictJson.Bad($"Wrong input: Vector dimension error: expected dim: {_size}, got {vector.Length}");

    private JsonObject Updated() => new() { ["operation_id"] = ++_operations, ["status"] = "completed" };

    private static float[] Normalised(float[] vector)
    {
        var length = MathF.Sqrt(Dot(vector, vector));
        return length > 0 ? [.. vector.Select(value => value / length)] : vector;
    }

    private static float Dot(float[] one, float[] other) => one.Zip(other, (a, b) => a * b).Sum();
}
