using System.Buffers;
using System.Text.Json;
using Comox.Gateway.OpenAI;
using Comox.ServiceDefaults;

namespace Comox.Gateway.Anthropic;

/// <summary>
/// A chat body becomes a body of <c>POST /v1/messages</c>:
/// <code>
/// {"model":"m","messages":[{"role":"system","content":"S"},…],"max_completion_tokens":9,"stop":"x","user":"u","temperature":1.3,"seed":7}
/// {"model":"m","messages":[…],"system":"S","max_tokens":9,"stop_sequences":["x"],"metadata":{"user_id":"u"},"temperature":1,"stream":true}
/// </code>
/// Anthropic refuses a field it does not know, so what OpenAI's and the engines' own APIs have and it lacks (<see cref="Dropped"/>) is left out, as its own
/// compatibility layer does (https://platform.claude.com/docs/en/api/openai-sdk). A field that nobody knows passes: it may be newer than this code.
/// </summary>
internal static class ChatRequest
{
    /// <summary>Anthropic demands a limit. The gateway always sends one; this is for whoever does not.</summary>
    private const int DefaultMaxTokens = 4096;

    private static readonly string[] Translated =
    [
        "messages", "max_tokens", "max_completion_tokens", "stop", "temperature", "top_p", "tools", "tool_choice", "parallel_tool_calls", "response_format", "output_config", "n",
        "stream", "stream_options", "user", "metadata", "service_tier", "functions", "function_call",
    ];

    private static readonly string[] Dropped =
    [
        "frequency_penalty", "presence_penalty", "logit_bias", "logprobs", "top_logprobs", "seed", "store", "prediction", "modalities", "audio", "reasoning_effort", "verbosity",
        "prompt_cache_key", "prompt_cache_retention", "safety_identifier", "web_search_options",
        "min_p", "top_a", "typical_p", "repeat_penalty", "repetition_penalty", "min_tokens", "ignore_eos", "cache_prompt", "id_slot", "chat_template_kwargs",
    ];

    /// <returns>Null, or why this request cannot be said in that API; then what was written is of no use.</returns>
    public static ApiError? Write(JsonElement root, IBufferWriter<byte> output)
    {
        if (root.ValueKind != JsonValueKind.Object || !root.Has("messages", out var messages) || messages.ValueKind != JsonValueKind.Array)
            return BodyErrors.Invalid("messages", "must be an array of messages");
        if (Unsayable(root) is { } refused)
            return refused;

        using var json = new Utf8JsonWriter(output, Verbatim.Relaxed);
        json.WriteStartObject();
        json.WriteOthers(root, [.. Translated, .. Dropped]);
        json.WriteStartArray("messages"u8);
        var turns = new ChatTurns(json);
        var index = 0;
        foreach (var message in messages.EnumerateArray())
        {
            if (turns.Write(message, $"messages[{index++}]") is { } bad)
                return bad;
        }

        turns.End();
        json.WriteEndArray();
        if (ChatSystem.Write(messages, json) is { } badSystem)
            return badSystem;
        WriteLimit(root, json);
        WriteSampling(root, json);
        if (WriteStop(root, json) is { } badStop)
            return badStop;
        if (ChatTools.Write(root, json) is { } badTools)
            return badTools;
        WriteUser(root, json);
        if (WriteFormat(root, json) is { } badFormat)
            return badFormat;
        json.WriteBoolean("stream"u8, true);
        json.WriteEndObject();
        return null;
    }

    /// <summary>Whether the answer is to end with a usage chunk of its own.</summary>
    public static bool AsksForUsage(JsonElement root) =>
        root.Has("stream_options", out var options) && options.Has("include_usage", out var include) && include.ValueKind == JsonValueKind.True;

    private static ApiError? Unsayable(JsonElement root)
    {
        if (root.Has("n", out var choices) && !(choices.ValueKind == JsonValueKind.Number && choices.TryGetInt32(out var count) && count == 1))
            return BodyErrors.Unsupported("n", "must be 1: this backend gives one answer");
        if (root.Has("functions", out _))
            return BodyErrors.Unsupported("functions", "is OpenAI's older form and unknown to this backend; send 'tools'");
        return root.Has("function_call", out _)
            ? BodyErrors.Unsupported("function_call", "is OpenAI's older form and unknown to this backend; send 'tool_choice'")
            : null;
    }

    private static void WriteLimit(JsonElement root, Utf8JsonWriter json)
    {
        if (root.Has("max_completion_tokens", out var limit) || root.Has("max_tokens", out limit))
            json.WriteField("max_tokens", limit);
        else
            json.WriteNumber("max_tokens"u8, DefaultMaxTokens);
    }

    // OpenAI's scale ends at 2 and Anthropic's at 1. Models since Claude 4.5 take temperature or top_p and refuse both; temperature is what people turn.
    private static void WriteSampling(JsonElement root, Utf8JsonWriter json)
    {
        var hasTemperature = root.Has("temperature", out var temperature);
        if (hasTemperature && temperature.ValueKind == JsonValueKind.Number && temperature.GetDouble() > 1)
            json.WriteNumber("temperature"u8, 1);
        else if (hasTemperature)
            json.WriteField("temperature", temperature);
        else if (root.Has("top_p", out var topP))
            json.WriteField("top_p", topP);
    }

    private static ApiError? WriteStop(JsonElement root, Utf8JsonWriter json)
    {
        if (!root.Has("stop", out var stop))
            return null;
        if (stop.ValueKind is not (JsonValueKind.String or JsonValueKind.Array))
            return BodyErrors.Invalid("stop", "must be a string or an array of strings");
        JsonElement[] all = stop.ValueKind == JsonValueKind.String ? [stop] : [.. stop.EnumerateArray()];
        if (Array.Exists(all, sequence => sequence.ValueKind != JsonValueKind.String))
            return BodyErrors.Invalid("stop", "must be a string or an array of strings");
        // Anthropic refuses a sequence of nothing but white space.
        var sequences = Array.FindAll(all, sequence => !string.IsNullOrWhiteSpace(sequence.GetString()));
        if (sequences.Length == 0)
            return null;
        json.WriteStartArray("stop_sequences"u8);
        foreach (var sequence in sequences)
            json.WriteVerbatim(sequence);
        json.WriteEndArray();
        return null;
    }

    // OpenAI's own metadata is a set of tags for its dashboard and means nothing there.
    private static void WriteUser(JsonElement root, Utf8JsonWriter json)
    {
        if (root.Text("service_tier") is "auto" or "standard_only")
            json.WriteField("service_tier", root.GetProperty("service_tier"));
        if (root.Text("user") is not { Length: > 0 } user)
            return;
        json.WriteStartObject("metadata"u8);
        json.WriteString("user_id"u8, user);
        json.WriteEndObject();
    }

    // {"type":"json_schema","json_schema":{"name":"n","schema":{…},"strict":true}} → "output_config":{"format":{"type":"json_schema","schema":{…}}}
    // https://platform.claude.com/docs/en/build-with-claude/structured-outputs
    private static ApiError? WriteFormat(JsonElement root, Utf8JsonWriter json)
    {
        JsonElement schema = default;
        if (root.Has("response_format", out var format))
        {
            switch (format.Text("type"))
            {
                case "text":
                    break;
                case "json_schema" when format.Has("json_schema", out var named) && named.Has("schema", out schema):
                    break;
                case "json_schema":
                    return BodyErrors.Missing("response_format.json_schema.schema");
                default:
                    return BodyErrors.Unsupported("response_format", "must be of the type json_schema or text for this backend");
            }
        }

        var hasConfig = root.Has("output_config", out var config) && config.ValueKind == JsonValueKind.Object;
        if (!hasConfig && schema.ValueKind == JsonValueKind.Undefined)
            return null;
        json.WriteStartObject("output_config"u8);
        if (hasConfig)
            json.WriteOthers(config, schema.ValueKind == JsonValueKind.Undefined ? "" : "format");
        if (schema.ValueKind != JsonValueKind.Undefined)
        {
            json.WriteStartObject("format"u8);
            json.WriteString("type"u8, "json_schema"u8);
            json.WriteField("schema", schema);
            json.WriteEndObject();
        }

        json.WriteEndObject();
        return null;
    }
}
