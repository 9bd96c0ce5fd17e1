using System.Buffers;
using System.Text.Json;
using System.Text.Unicode;
using Comox.Gateway.OpenAI;
using Comox.ServiceDefaults;

namespace Comox.Gateway.Anthropic;

/// <summary>
/// A body of <c>POST /v1/messages</c> becomes a chat body (https://platform.claude.com/docs/en/api/messages):
/// <code>
/// {"model":"m","max_tokens":9,"system":"S","messages":[…],"stop_sequences":["x"],"metadata":{"user_id":"u"},"stream":true,"top_k":1}
/// {"model":"m","max_tokens":9,"stream":true,"top_k":1,"messages":[{"role":"system","content":"S"},…],"stop":["x"],"user":"u","stream_options":{"include_usage":true}}
/// </code>
/// A DOM is affordable here: only this API pays for it. Fields without a counterpart (<c>thinking</c>, <c>top_k</c>, what is yet to come) keep their bytes.
/// </summary>
internal static class MessagesRequest
{
    /// <summary>What is read and written anew; everything else passes.</summary>
    private static readonly string[] Translated =
        ["messages", "system", "tools", "tool_choice", "stop_sequences", "metadata", "output_config", "stream_options"];

    /// <returns>Null and the chat body, or what is wrong with the request.</returns>
    public static ApiError? ToChat(ReadOnlyMemory<byte> body, out byte[]? chatBody)
    {
        chatBody = null;
        if (!Utf8.IsValid(body.Span))
            return BodyErrors.NotUtf8();
        try
        {
            using var document = JsonDocument.Parse(body, Verbatim.Deep);
            if (document.RootElement.ValueKind != JsonValueKind.Object)
                return BodyErrors.NotAnObject();
            if (Check(document.RootElement) is { } invalid)
                return invalid;

            var buffer = new ArrayBufferWriter<byte>(body.Length + 256);
            using (var json = new Utf8JsonWriter(buffer, Verbatim.Relaxed))
            {
                if (Write(document.RootElement, json) is { } error)
                    return error;
            }

            chatBody = buffer.WrittenSpan.ToArray();
            return null;
        }
        catch (JsonException problem)
        {
            return BodyErrors.At(problem);
        }
        catch (InvalidOperationException)
        {
            // The reader's word for a string with half a surrogate pair ("\ud83d").
            return BodyErrors.HalfCharacter();
        }
    }

    private static ApiError? Check(JsonElement root)
    {
        if (!root.TryGetProperty("model", out var model))
            return BodyErrors.Missing("model");
        if (model.ValueKind != JsonValueKind.String || string.IsNullOrWhiteSpace(model.GetString()))
            return BodyErrors.Invalid("model", "must be a string that is not empty");
        if (!root.TryGetProperty("max_tokens", out var limit))
            return BodyErrors.Missing("max_tokens");
        if (limit.ValueKind != JsonValueKind.Number || !limit.TryGetInt32(out var tokens) || tokens < 1)
            return BodyErrors.Invalid("max_tokens", "must be a whole number above zero");
        if (!root.TryGetProperty("messages", out var messages))
            return BodyErrors.Missing("messages");
        if (messages.ValueKind != JsonValueKind.Array || messages.GetArrayLength() == 0)
            return BodyErrors.Invalid("messages", "must be an array of at least one message");
        return root.TryGetProperty("stream", out var stream) && stream.ValueKind is not (JsonValueKind.True or JsonValueKind.False or JsonValueKind.Null)
            ? BodyErrors.Invalid("stream", "must be true or false")
            : null;
    }

    private static ApiError? Write(JsonElement root, Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteOthers(root, Translated);
        json.WriteStartArray("messages"u8);
        if (MessagesTurns.WriteSystem(root, json) is { } badSystem)
            return badSystem;
        var index = 0;
        foreach (var message in root.GetProperty("messages").EnumerateArray())
        {
            if (MessagesTurns.Write(message, $"messages[{index++}]", json) is { } badMessage)
                return badMessage;
        }

        json.WriteEndArray();
        if (MessagesTools.Write(root, json) is { } badTools)
            return badTools;
        if (WriteStop(root, json) is { } badStop)
            return badStop;
        if (WriteUser(root, json) is { } badUser)
            return badUser;
        if (WriteFormat(root, json) is { } badFormat)
            return badFormat;
        if (root.TryGetProperty("stream", out var stream) && stream.ValueKind == JsonValueKind.True)
        {
            // The closing event carries the usage, so it has to be asked for.
            json.WriteStartObject("stream_options"u8);
            json.WriteBoolean("include_usage"u8, true);
            json.WriteEndObject();
        }

        json.WriteEndObject();
        return null;
    }

    private static ApiError? WriteStop(JsonElement root, Utf8JsonWriter json)
    {
        if (!root.Has("stop_sequences", out var sequences))
            return null;
        if (sequences.ValueKind != JsonValueKind.Array || sequences.EnumerateArray().Any(sequence => sequence.ValueKind != JsonValueKind.String))
            return BodyErrors.Invalid("stop_sequences", "must be an array of strings");
        if (sequences.GetArrayLength() > 0)
            json.WriteField("stop", sequences);
        return null;
    }

    private static ApiError? WriteUser(JsonElement root, Utf8JsonWriter json)
    {
        if (!root.Has("metadata", out var metadata))
            return null;
        if (metadata.ValueKind != JsonValueKind.Object)
            return BodyErrors.Invalid("metadata", "must be an object");
        if (!metadata.Has("user_id", out var user))
            return null;
        if (user.ValueKind != JsonValueKind.String)
            return BodyErrors.Invalid("metadata.user_id", "must be a string");
        json.WriteField("user", user);
        return null;
    }

    // {"format":{"type":"json_schema","schema":{…}},"effort":"low"}: engines enforce a schema, and effort is for those who know it.
    private static ApiError? WriteFormat(JsonElement root, Utf8JsonWriter json)
    {
        if (!root.Has("output_config", out var config))
            return null;
        if (config.ValueKind != JsonValueKind.Object)
            return BodyErrors.Invalid("output_config", "must be an object");
        if (config.Has("format", out var format))
        {
            if (format.Text("type") != "json_schema")
                return BodyErrors.Invalid("output_config.format.type", "must be json_schema");
            if (!format.Has("schema", out var schema) || schema.ValueKind != JsonValueKind.Object)
                return BodyErrors.Invalid("output_config.format.schema", "must be a JSON schema");
            json.WriteStartObject("response_format"u8);
            json.WriteString("type"u8, "json_schema"u8);
            json.WriteStartObject("json_schema"u8);
            json.WriteString("name"u8, "output"u8); // OpenAI demands a name, Anthropic has none.
            json.WriteField("schema", schema);
            json.WriteBoolean("strict"u8, true);
            json.WriteEndObject();
            json.WriteEndObject();
        }

        if (config.EnumerateObject().All(field => field.NameEquals("format")))
            return null;
        json.WriteStartObject("output_config"u8);
        json.WriteOthers(config, "format");
        json.WriteEndObject();
        return null;
    }
}
