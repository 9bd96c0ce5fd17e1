using System.Text.Json.Serialization;

namespace Comox.ServiceDefaults.Contracts.OpenAI;

/// <summary>Source-generated (de)serialisation of the records in this folder: snake_case, nulls left out.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(ApiErrorBody))]
[JsonSerializable(typeof(ModelList))]
[JsonSerializable(typeof(ChatMessage))]
[JsonSerializable(typeof(EmbeddingRequest))]
[JsonSerializable(typeof(EmbeddingList))]
public sealed partial class OpenAIJson : JsonSerializerContext;
