using System.Text.Json;
using System.Text.RegularExpressions;
using Comox.Gateway.OpenAI;
using Comox.ServiceDefaults;

namespace Comox.Gateway.Anthropic;

/// <summary>Tools, their choice and their calls, from OpenAI's words to Anthropic's: the reverse of <see cref="MessagesTools"/>.</summary>
internal static partial class ChatTools
{
    public static ApiError? Write(JsonElement root, Utf8JsonWriter json)
    {
        if (!root.Has("tools", out var tools))
            return null;
        if (tools.ValueKind != JsonValueKind.Array)
            return BodyErrors.Invalid("tools", "must be an array of tools");
        // A choice without tools is an error there.
        if (tools.GetArrayLength() == 0)
            return null;
        json.WriteStartArray("tools"u8);
        var index = 0;
        foreach (var tool in tools.EnumerateArray())
        {
            if (WriteTool(tool, $"tools[{index++}]", json) is { } error)
                return error;
        }

        json.WriteEndArray();
        return WriteChoice(root, json);
    }

    public static ApiError? WriteCall(JsonElement call, string path, Utf8JsonWriter json)
    {
        if (call.Text("id") is not { Length: > 0 } id)
            return BodyErrors.Missing($"{path}.id");
        if (!call.Has("function", out var function))
            return BodyErrors.Unsupported(path, "must be a call of a function");
        if (function.Text("name") is not { Length: > 0 } name)
            return BodyErrors.Missing($"{path}.function.name");
        if (!ToolInput.TryParse(function.Text("arguments") ?? "", out var input))
            return BodyErrors.Unsupported($"{path}.function.arguments", "must be a JSON object for this backend");
        json.WriteStartObject();
        json.WriteString("type"u8, "tool_use"u8);
        json.WriteString("id"u8, Id(id));
        json.WriteString("name"u8, name);
        json.WritePropertyName("input"u8);
        json.WriteRawValue(input, skipInputValidation: true);
        json.WriteOthers(call, "id", "type", "function", "index");
        json.WriteEndObject();
        return null;
    }

    /// <summary>Anthropic takes letters, digits, - and _ in an id. Some engines write <c>functions.weather:0</c>; call and result are spelled alike.</summary>
    public static string Id(string id) => ForeignInId().Replace(id, "_");

    private static ApiError? WriteTool(JsonElement tool, string path, Utf8JsonWriter json)
    {
        if (tool.Text("type") is not "function" || !tool.Has("function", out var function))
            return BodyErrors.Unsupported($"{path}.type", "must be function for this backend");
        if (function.Text("name") is not { Length: > 0 } name)
            return BodyErrors.Missing($"{path}.function.name");
        json.WriteStartObject();
        json.WriteString("name"u8, name);
        if (function.Has("description", out var description))
            json.WriteField("description", description);
        json.WriteStartObject("input_schema"u8);
        var hasSchema = function.Has("parameters", out var parameters) && parameters.ValueKind == JsonValueKind.Object;
        if (!hasSchema || !parameters.Has("type", out _))
            json.WriteString("type"u8, "object"u8); // Demanded there, optional in chat.
        if (hasSchema)
            json.WriteOthers(parameters);
        json.WriteEndObject();
        if (function.Has("strict", out var strict) && strict.ValueKind == JsonValueKind.True)
            json.WriteBoolean("strict"u8, true);
        json.WriteOthers(tool, "type", "function");
        json.WriteEndObject();
        return null;
    }

    private static ApiError? WriteChoice(JsonElement root, Utf8JsonWriter json)
    {
        var oneAtATime = root.Has("parallel_tool_calls", out var parallel) && parallel.ValueKind == JsonValueKind.False;
        string type;
        string? name = null;
        if (!root.Has("tool_choice", out var choice))
        {
            if (!oneAtATime)
                return null;
            type = "auto";
        }
        else if (choice.ValueKind == JsonValueKind.String)
        {
            switch (choice.GetString())
            {
                case "auto" or "none":
                    type = choice.GetString()!;
                    break;
                case "required":
                    type = "any";
                    break;
                default:
                    return BodyErrors.Invalid("tool_choice", "must be auto, required, none or one function");
            }
        }
        else if (choice.Text("type") == "function" && choice.Has("function", out var function) && function.Text("name") is { Length: > 0 } named)
        {
            (type, name) = ("tool", named);
        }
        else
        {
            return BodyErrors.Unsupported("tool_choice", "must be auto, required, none or one function for this backend");
        }

        json.WriteStartObject("tool_choice"u8);
        json.WriteString("type"u8, type);
        if (name is not null)
            json.WriteString("name"u8, name);
        if (oneAtATime && type != "none")
            json.WriteBoolean("disable_parallel_tool_use"u8, true);
        json.WriteEndObject();
        return null;
    }

    [GeneratedRegex("[^a-zA-Z0-9_-]")]
    private static partial Regex ForeignInId();
}
