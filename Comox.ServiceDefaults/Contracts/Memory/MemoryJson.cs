using System.Text.Json.Serialization;

namespace Comox.ServiceDefaults.Contracts.Memory;

/// <summary>Source-generated (de)serialisation of the records in this folder: snake_case, nulls left out.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(CharacterDetails))]
[JsonSerializable(typeof(CharacterList))]
[JsonSerializable(typeof(CharacterVersionList))]
[JsonSerializable(typeof(CharacterVersionDetails))]
[JsonSerializable(typeof(NewSession))]
[JsonSerializable(typeof(SessionDetails))]
[JsonSerializable(typeof(SessionTurn))]
[JsonSerializable(typeof(SessionList))]
[JsonSerializable(typeof(SuperPromptRequest))]
[JsonSerializable(typeof(SuperPromptResponse))]
[JsonSerializable(typeof(RecordedReply))]
[JsonSerializable(typeof(Receipt))]
[JsonSerializable(typeof(FactList))]
[JsonSerializable(typeof(FactGraphView))]
[JsonSerializable(typeof(TurnEdit))]
[JsonSerializable(typeof(HeadChoice))]
[JsonSerializable(typeof(SceneChange))]
[JsonSerializable(typeof(SceneView))]
[JsonSerializable(typeof(SessionTree))]
[JsonSerializable(typeof(MemoryStatus))]
[JsonSerializable(typeof(DeletionReceipt))]
public sealed partial class MemoryJson : JsonSerializerContext;
