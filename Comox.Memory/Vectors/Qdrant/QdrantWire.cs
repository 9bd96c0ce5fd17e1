using System.Text.Json.Serialization;

namespace Comox.Memory.Vectors.Qdrant;

// The part of Qdrant's REST API that is used, as https://api.qdrant.tech/api-reference documents it (1.13 and later).

/// <summary><c>{"result":…,"status":"ok","time":0.001}</c></summary>
internal sealed record QdrantOk<T>(T? Result);

/// <summary><c>{"status":{"error":"Not found: Collection `x` doesn't exist!"},"time":0.001}</c></summary>
internal sealed record QdrantFault(QdrantFaultStatus? Status);

internal sealed record QdrantFaultStatus(string? Error);

/// <summary><c>GET /collections</c></summary>
internal sealed record QdrantCollections(IReadOnlyList<QdrantCollectionName> Collections);

internal sealed record QdrantCollectionName(string Name);

/// <summary><c>GET /collections/{collection}</c></summary>
internal sealed record QdrantCollection(QdrantCollectionConfig Config, IReadOnlyDictionary<string, QdrantIndexInfo> PayloadSchema);

internal sealed record QdrantCollectionConfig(QdrantCollectionParams Params);

internal sealed record QdrantCollectionParams(QdrantVectorParams Vectors);

internal sealed record QdrantIndexInfo(string DataType);

/// <summary><c>PUT /collections/{collection}</c></summary>
internal sealed record QdrantNewCollection(QdrantVectorParams Vectors, QdrantHnsw HnswConfig, QdrantStrictMode StrictModeConfig);

/// <param name="Size">Numbers in a vector.</param>
/// <param name="Distance"><c>Cosine</c>: Qdrant normalises what it stores.</param>
internal sealed record QdrantVectorParams(int Size, string Distance);

/// <param name="M">0: no graph over all people.</param>
/// <param name="PayloadM">A graph for each person.</param>
internal sealed record QdrantHnsw(int M, int PayloadM);

/// <summary>Has Qdrant refuse a filter that it would have to read every point for.</summary>
internal sealed record QdrantStrictMode(bool Enabled, bool UnindexedFilteringRetrieve, bool UnindexedFilteringUpdate);

/// <summary><c>PUT /collections/{collection}/index?wait=true</c></summary>
internal sealed record QdrantNewIndex(string FieldName, QdrantIndexSchema FieldSchema);

/// <param name="Type"><c>keyword</c> or <c>integer</c>.</param>
internal sealed record QdrantIndexSchema(string Type)
{
    /// <summary>Keyword: points are stored by this field's values.</summary>
    public bool? IsTenant { get; init; }

    /// <summary>Integer: whether it is matched.</summary>
    public bool? Lookup { get; init; }

    /// <summary>Integer: whether it is compared.</summary>
    public bool? Range { get; init; }
}

/// <summary><c>PUT /collections/{collection}/points?wait=true</c></summary>
internal sealed record QdrantPoints(IReadOnlyList<QdrantPoint> Points);

internal sealed record QdrantPoint(Guid Id, ReadOnlyMemory<float> Vector, QdrantPayload Payload);

/// <summary>What a point is filtered by, and our own names for it.</summary>
internal sealed record QdrantPayload(
    string Subject, string Id, string Character, string Session, string Turn, IReadOnlyList<string> Witnesses, string Kind, long SaidAt);

/// <summary><c>POST /collections/{collection}/points/query</c></summary>
internal sealed record QdrantQuery(ReadOnlyMemory<float> Query, QdrantFilter Filter, int Limit, IReadOnlyList<string> WithPayload);

internal sealed record QdrantFound(IReadOnlyList<QdrantScored> Points);

internal sealed record QdrantScored(double Score, QdrantFoundPayload? Payload);

internal sealed record QdrantFoundPayload(string Id, string Turn);

/// <summary><c>POST /collections/{collection}/points/delete?wait=true</c></summary>
internal sealed record QdrantDelete(QdrantFilter Filter);

/// <summary><c>POST /collections/{collection}/points/count</c></summary>
internal sealed record QdrantCount(QdrantFilter Filter, bool Exact);

internal sealed record QdrantCounted(long Count);

/// <summary>The answer to a change; <c>acknowledged</c> and <c>wait_timeout</c> say that it is still to come.</summary>
internal sealed record QdrantUpdated(string Status)
{
    public const string Completed = "completed";
}

internal sealed record QdrantFilter(IReadOnlyList<QdrantCondition> Must);

/// <summary><c>{"key":"session","match":{"value":"ses_1"}}</c>, <c>{"key":"said_at","range":{"gte":1,"lt":2}}</c> or <c>{"has_id":["…"]}</c></summary>
internal sealed record QdrantCondition
{
    public string? Key { get; init; }
    public QdrantMatch? Match { get; init; }
    public QdrantRange? Range { get; init; }
    public IReadOnlyList<Guid>? HasId { get; init; }
}

internal sealed record QdrantMatch
{
    public string? Value { get; init; }
    public IReadOnlyList<string>? Any { get; init; }
}

internal sealed record QdrantRange(long? Gte, long? Lt);

// What is missing from an answer, or null where it must not be, is an error of reading: then it is not Qdrant that answers.
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(QdrantFault))]
[JsonSerializable(typeof(QdrantOk<bool>))]
[JsonSerializable(typeof(QdrantOk<QdrantCollections>))]
[JsonSerializable(typeof(QdrantOk<QdrantCollection>))]
[JsonSerializable(typeof(QdrantOk<QdrantUpdated>))]
[JsonSerializable(typeof(QdrantOk<QdrantFound>))]
[JsonSerializable(typeof(QdrantOk<QdrantCounted>))]
[JsonSerializable(typeof(QdrantNewCollection))]
[JsonSerializable(typeof(QdrantNewIndex))]
[JsonSerializable(typeof(QdrantPoints))]
[JsonSerializable(typeof(QdrantQuery))]
[JsonSerializable(typeof(QdrantDelete))]
[JsonSerializable(typeof(QdrantCount))]
internal sealed partial class QdrantJson : JsonSerializerContext;
