using System.Text.Encodings.Web;
using System.Text.Json;

namespace Comox.FakeBackend;

/// <summary>What the APIs have in common in reading and writing JSON.</summary>
internal static class FakeJson
{
    private static readonly JsonSerializerOptions Relaxed = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static string Quote(string text) => JsonSerializer.Serialize(text, Relaxed);

    public static bool IsTrue(JsonElement json, string name) => json.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.True;

    public static string? StringOf(JsonElement json, string name) =>
        json.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    public static bool IsCount(JsonElement json, string name) => json.TryGetProperty(name, out var value) && value.TryGetInt32(out var count) && count > 0;

    /// <summary>The elements of an array; null where there is none.</summary>
    public static JsonElement[]? ArrayOf(JsonElement json, string name) =>
        json.ValueKind == JsonValueKind.Object && json.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Array ? [.. value.EnumerateArray()] : null;

    /// <summary>The object, or why there is none.</summary>
    public static string? Read(FakeRequest request, out JsonElement json)
    {
        json = default;
        try
        {
            json = request.Json;
            return json.ValueKind == JsonValueKind.Object ? null : "not a JSON object";
        }
        catch (JsonException problem)
        {
            return $"not JSON: {problem.Message}";
        }
    }

    /// <summary>Our own rules for engines: unstreamed requests and requests without a limit run on for nobody.</summary>
    public static string? UnboundedFault(FakeBackendServer server, JsonElement json)
    {
        if (server.TakesUnbounded)
            return null;
        if (!IsTrue(json, "stream"))
            return "'stream' must be true";
        return IsCount(json, "max_tokens") ? null : "'max_tokens' must be above zero";
    }
}
