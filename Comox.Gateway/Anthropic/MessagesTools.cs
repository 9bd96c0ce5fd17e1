using System.Text.Json;
using Comox.Gateway.OpenAI;
using Comox.ServiceDefaults;

namespace Comox.Gateway.Anthropic;

/// <summary>
/// Tools, their choice and their calls, from Anthropic's words to OpenAI's:
/// <code>
/// {"name":"weather","description":"…","input_schema":{…}}     {"type":"function","function":{"name":"weather","description":"…","parameters":{…}}}
/// {"type":"tool","name":"weather"}                            {"type":"function","function":{"name":"weather"}}
/// {"type":"tool_use","id":"t1","name":"weather","input":{…}}  {"id":"t1","type":"function","function":{"name":"weather","arguments":"{…}"}}
/// </code>
/// </summary>
internal static class MessagesTools
{
    public static ApiError? Write(JsonElement root, Utf8JsonWriter json)
    {
        if (root.Has("tools", out var tools))
        {
            if (tools.ValueKind != JsonValueKind.Array)
                return BodyErrors.Invalid("tools", "must be an array of tools");
            if (tools.GetArrayLength() > 0 && WriteTools(tools, json) is { } error)
                return error;
        }

        return root.Has("tool_choice", out var choice) ? WriteChoice(choice, json) : null;
    }

    public static ApiError? WriteCall(JsonElement call, string path, Utf8JsonWriter json)
    {
        if (call.Text("id") is not { } id)
            return BodyErrors.Missing($"{path}.id");
        if (call.Text("name") is not { } name)
            return BodyErrors.Missing($"{path}.name");
        var hasInput = call.Has("input", out var input);
        if (hasInput && input.ValueKind != JsonValueKind.Object)
            return BodyErrors.Invalid($"{path}.input", "must be an object");
        json.WriteStartObject();
        json.WriteString("id"u8, id);
        json.WriteString("type"u8, "function"u8);
        json.WriteStartObject("function"u8);
        json.WriteString("name"u8, name);
        json.WriteString("arguments"u8, hasInput ? input.RawText() : "{}");
        json.WriteEndObject();
        json.WriteOthers(call, "type", "id", "name", "input");
        json.WriteEndObject();
        return null;
    }

    private static ApiError? WriteTools(JsonElement tools, Utf8JsonWriter json)
    {
        json.WriteStartArray("tools"u8);
        var index = 0;
        foreach (var tool in tools.EnumerateArray())
        {
            if (WriteTool(tool, $"tools[{index++}]", json) is { } error)
                return error;
        }

        json.WriteEndArray();
        return null;
    }

    private static ApiError? WriteTool(JsonElement tool, string path, Utf8JsonWriter json)
    {
        if (tool.ValueKind != JsonValueKind.Object)
            return BodyErrors.Invalid(path, "must be an object");
        // Anthropic runs web_search and its kind itself; bash and its kind are known to its models alone.
        if (tool.Text("type") is { } type and not "custom")
            return BodyErrors.Unsupported($"{path}.type", $"must be custom: the tool '{BodyErrors.Shorten(type)}' belongs to Anthropic's own models");
        if (tool.Text("name") is not { } name)
            return BodyErrors.Missing($"{path}.name");
        if (!tool.Has("input_schema", out var schema))
            return BodyErrors.Missing($"{path}.input_schema");
        if (schema.ValueKind != JsonValueKind.Object)
            return BodyErrors.Invalid($"{path}.input_schema", "must be a JSON schema");
        json.WriteStartObject();
        json.WriteString("type"u8, "function"u8);
        json.WriteStartObject("function"u8);
        json.WriteString("name"u8, name);
        if (tool.Has("description", out var description))
            json.WriteField("description", description);
        json.WriteField("parameters", schema);
        if (tool.Has("strict", out var strict))
            json.WriteField("strict", strict);
        json.WriteEndObject();
        json.WriteOthers(tool, "type", "name", "description", "input_schema", "strict");
        json.WriteEndObject();
        return null;
    }

    private static ApiError? WriteChoice(JsonElement choice, Utf8JsonWriter json)
    {
        switch (choice.Text("type"))
        {
            case "auto":
                json.WriteString("tool_choice"u8, "auto"u8);
                break;
            case "any":
                json.WriteString("tool_choice"u8, "required"u8);
                break;
            case "none":
                json.WriteString("tool_choice"u8, "none"u8);
                break;
            case "tool" when choice.Text("name") is { } name:
                json.WriteStartObject("tool_choice"u8);
                json.WriteString("type"u8, "function"u8);
                json.WriteStartObject("function"u8);
                json.WriteString("name"u8, name);
                json.WriteEndObject();
                json.WriteEndObject();
                break;
            case "tool":
                return BodyErrors.Missing("tool_choice.name");
            default:
                return BodyErrors.Invalid("tool_choice.type", "must be auto, any, tool or none");
        }

        if (choice.Has("disable_parallel_tool_use", out var disabled) && disabled.ValueKind == JsonValueKind.True)
            json.WriteBoolean("parallel_tool_calls"u8, false);
        return null;
    }
}
