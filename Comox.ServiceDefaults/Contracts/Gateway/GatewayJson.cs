using System.Text.Json.Serialization;

namespace Comox.ServiceDefaults.Contracts.Gateway;

/// <summary>Source-generated (de)serialisation of the records in this folder: snake_case, nulls left out.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(GatewayStatus))]
[JsonSerializable(typeof(RouteList))]
[JsonSerializable(typeof(KeyList))]
[JsonSerializable(typeof(NodeList))]
[JsonSerializable(typeof(NodeRegistration))]
[JsonSerializable(typeof(NodeLease))]
[JsonSerializable(typeof(ModelHint))]
[JsonSerializable(typeof(ModelWarming))]
public sealed partial class GatewayJson : JsonSerializerContext;
