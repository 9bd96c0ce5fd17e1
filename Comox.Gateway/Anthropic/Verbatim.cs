using System.Runtime.InteropServices;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Comox.Gateway.Forwarding;

namespace Comox.Gateway.Anthropic;

/// <summary>
/// JSON values as the bytes they came in: a number keeps its digits, a string its escapes. What a translation has no opinion on goes through here.
/// </summary>
internal static class Verbatim
{
    public static readonly JsonDocumentOptions Deep = new() { MaxDepth = ChunkScan.MaxDepth };
    public static readonly JsonWriterOptions Relaxed = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static void WriteField(this Utf8JsonWriter json, JsonProperty field) => json.WriteField(field.Name, field.Value);

    public static void WriteField(this Utf8JsonWriter json, string name, JsonElement value)
    {
        json.WritePropertyName(name);
        json.WriteVerbatim(value);
    }

    // Parsed once already, so checking it again would only cost time.
    public static void WriteVerbatim(this Utf8JsonWriter json, JsonElement value) => json.WriteRawValue(JsonMarshal.GetRawUtf8Value(value), skipInputValidation: true);

    /// <summary>The other fields of an object: <c>cache_control</c> and its kind ride along to whoever understands them.</summary>
    public static void WriteOthers(this Utf8JsonWriter json, JsonElement parent, params ReadOnlySpan<string> known)
    {
        foreach (var field in parent.EnumerateObject())
        {
            if (!known.Contains(field.Name))
                json.WriteField(field);
        }
    }

    public static string RawText(this JsonElement value) => Encoding.UTF8.GetString(JsonMarshal.GetRawUtf8Value(value));

    /// <summary>The field where it is a string, else null.</summary>
    public static string? Text(this JsonElement parent, string name) =>
        parent.ValueKind == JsonValueKind.Object && parent.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    /// <summary>The field where it is there and not null.</summary>
    public static bool Has(this JsonElement parent, string name, out JsonElement value)
    {
        value = default;
        return parent.ValueKind == JsonValueKind.Object && parent.TryGetProperty(name, out value) && value.ValueKind != JsonValueKind.Null;
    }
}
