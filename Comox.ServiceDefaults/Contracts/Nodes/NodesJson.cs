using System.Text.Json.Serialization;

namespace Comox.ServiceDefaults.Contracts.Nodes;

/// <summary>Source-generated (de)serialisation of the records in this folder: snake_case, nulls left out.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(NodeStatus))]
[JsonSerializable(typeof(EngineLog))]
[JsonSerializable(typeof(EngineWarming))]
[JsonSerializable(typeof(CachedRepository))]
public sealed partial class NodesJson : JsonSerializerContext;
