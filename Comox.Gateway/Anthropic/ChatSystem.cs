using System.Text.Json;
using Comox.Gateway.OpenAI;
using Comox.ServiceDefaults;

namespace Comox.Gateway.Anthropic;

/// <summary>
/// System and developer messages leave the transcript, wherever they stand, and become the field <c>system</c>, in their order: older models know no
/// other place for them. One plain text stays a string; else each text is a block, with its <c>cache_control</c>.
/// </summary>
internal static class ChatSystem
{
    public static bool Is(string? role) => role is "system" or "developer";

    public static ApiError? Write(JsonElement messages, Utf8JsonWriter json)
    {
        var texts = new List<JsonElement>();
        var index = 0;
        foreach (var message in messages.EnumerateArray())
        {
            var path = $"messages[{index++}].content";
            if (!Is(message.Text("role")) || !message.Has("content", out var content))
                continue;
            if (content.ValueKind == JsonValueKind.Array)
            {
                if (content.EnumerateArray().Any(part => part.Text("type") != "text" || part.Text("text") is null))
                    return BodyErrors.Invalid(path, "must hold nothing but parts of the type text");
                texts.AddRange(content.EnumerateArray());
            }
            else if (content.ValueKind == JsonValueKind.String)
            {
                texts.Add(content);
            }
            else
            {
                return BodyErrors.Invalid(path, "must be a string or an array of parts");
            }
        }

        texts.RemoveAll(text => string.IsNullOrWhiteSpace(text.ValueKind == JsonValueKind.String ? text.GetString() : text.Text("text")));
        if (texts is [{ ValueKind: JsonValueKind.String } only])
            json.WriteField("system", only);
        else if (texts.Count > 0)
            WriteBlocks(texts, json);
        return null;
    }

    private static void WriteBlocks(List<JsonElement> texts, Utf8JsonWriter json)
    {
        json.WriteStartArray("system"u8);
        foreach (var text in texts)
        {
            if (text.ValueKind == JsonValueKind.Object)
            {
                json.WriteVerbatim(text);
                continue;
            }

            json.WriteStartObject();
            json.WriteString("type"u8, "text"u8);
            json.WriteField("text", text);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }
}
