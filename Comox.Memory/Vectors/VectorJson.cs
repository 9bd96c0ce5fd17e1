using System.Text.Json.Serialization;

namespace Comox.Memory.Vectors;

/// <summary>Lists of names inside a statement.</summary>
[JsonSerializable(typeof(IReadOnlyCollection<string>))]
[JsonSerializable(typeof(IReadOnlyList<string>))]
[JsonSerializable(typeof(string[]))]
internal sealed partial class VectorJson : JsonSerializerContext;
