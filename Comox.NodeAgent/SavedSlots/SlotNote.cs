using System.Text.Json.Serialization;

namespace Comox.NodeAgent.SavedSlots;

/// <summary>What lies in an engine's folder, in <c>slots.json</c>.</summary>
/// <param name="For">Which weights, program and context they can be restored into.</param>
/// <param name="At">When they were saved.</param>
/// <param name="Slots">Each is in the file <c>{id}.slot</c>.</param>
internal sealed record SlotNote(string For, DateTimeOffset At, IReadOnlyList<EngineSlot> Slots);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(SlotNote))]
internal sealed partial class SlotsJson : JsonSerializerContext;
