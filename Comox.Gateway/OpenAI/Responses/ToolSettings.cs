using System.Buffers;
using System.Text.Json;
using Comox.ServiceDefaults;

namespace Comox.Gateway.OpenAI.Responses;

/// <summary>
/// Tools and the choice among them, in the chat's words:
/// <code>
/// {"type":"function","name":"look","parameters":{…},"strict":true}
/// {"type":"function","function":{"name":"look","parameters":{…},"strict":true}}
/// </code>
/// Tools that OpenAI runs itself are refused: an answer without the search that was asked for would look like one with it.
/// </summary>
internal sealed class ToolSettings(ArrayBufferWriter<byte> chat)
{
    private readonly List<(string Name, JsonSlice Json)> _tools = [];

    public ApiError? Write(JsonSlice tools, JsonSlice choice, JsonSlice parallel)
    {
        if (ReadTools(tools) is { } badTools)
            return badTools;
        if (ReadChoice(choice, out var mode, out var named, out var allowed) is { } badChoice)
            return badChoice;

        var offered = _tools.Where(tool => allowed is null || allowed.Contains(tool.Name)).ToArray();
        // A chat without tools must not speak of choosing among them.
        if (offered.Length == 0)
            return null;
        var separator = ",\"tools\":["u8;
        foreach (var (_, json) in offered)
        {
            chat.Write(separator);
            separator = ","u8;
            chat.Write("{\"type\":\"function\",\"function\":"u8);
            Members.WriteWithoutType(json, chat);
            chat.Write("}"u8);
        }

        chat.Write("]"u8);
        if (!named.IsNone)
        {
            chat.Write(",\"tool_choice\":{\"type\":\"function\",\"function\":{\"name\":"u8);
            chat.Write(named.Bytes.Span);
            chat.Write("}}"u8);
        }
        else if (!mode.IsNone)
        {
            chat.Write(",\"tool_choice\":"u8);
            chat.Write(mode.Bytes.Span);
        }

        if (!parallel.IsNone)
        {
            chat.Write(",\"parallel_tool_calls\":"u8);
            chat.Write(parallel.Bytes.Span);
        }

        return null;
    }

    private ApiError? ReadTools(JsonSlice tools)
    {
        if (tools.IsNone)
            return null;
        if (tools.Kind != JsonTokenType.StartArray)
            return BodyErrors.Invalid("tools", "must be an array of tools");
        var elements = new JsonElements(tools.Bytes);
        while (elements.Next())
        {
            var at = $"tools[{elements.Index}]";
            if (elements.Value.Kind != JsonTokenType.StartObject)
                return BodyErrors.Invalid(at, "must be an object");
            var (type, name) = TypeAndName(elements.Value);
            if (type.Text is not { } kind)
                return BodyErrors.Invalid($"{at}.type", "must name the kind of the tool, such as \"function\"");
            if (kind != "function")
                return NotAFunction(kind, $"{at}.type");
            if (string.IsNullOrEmpty(name.Text))
                return BodyErrors.Invalid($"{at}.name", "must be the name of the function");
            _tools.Add((name.Text!, elements.Value));
        }

        return null;
    }

    private ApiError? ReadChoice(JsonSlice choice, out JsonSlice mode, out JsonSlice named, out HashSet<string>? allowed)
    {
        (mode, named, allowed) = (default, default, null);
        if (choice.IsNone)
            return null;
        if (choice.IsText)
        {
            mode = choice;
            return choice.Text switch
            {
                "auto" or "none" => null,
                "required" => _tools.Count > 0 ? null : BodyErrors.Invalid("tool_choice", "is \"required\", but there are no tools"),
                _ => BodyErrors.Invalid("tool_choice", "must be auto, none, required or an object"),
            };
        }

        if (choice.Kind != JsonTokenType.StartObject)
            return BodyErrors.Invalid("tool_choice", "must be auto, none, required or an object");
        var (type, name) = TypeAndName(choice);
        switch (type.Text)
        {
            case "function":
                named = name;
                return Exists(name, "tool_choice.name");
            case "allowed_tools":
                return ReadAllowed(choice, out mode, out allowed);
            case null:
                return BodyErrors.Invalid("tool_choice.type", "must name the kind of the tool, such as \"function\"");
            case var kind:
                return NotAFunction(kind, "tool_choice.type");
        }
    }

    // {"type":"allowed_tools","mode":"auto","tools":[{"type":"function","name":"look"}]}: few engines know it, and offering only those tools is the same.
    private ApiError? ReadAllowed(JsonSlice choice, out JsonSlice mode, out HashSet<string>? allowed)
    {
        (mode, allowed) = (default, null);
        var list = default(JsonSlice);
        var members = new JsonMembers(choice.Bytes);
        while (members.Next())
        {
            if (members.Is("mode"u8))
                mode = members.Value;
            else if (members.Is("tools"u8))
                list = members.Value;
        }

        if (mode.Text is not ("auto" or "required"))
            return BodyErrors.Invalid("tool_choice.mode", "must be auto or required");
        if (list.Kind != JsonTokenType.StartArray)
            return BodyErrors.Invalid("tool_choice.tools", "must be an array of tools");
        allowed = [];
        var elements = new JsonElements(list.Bytes);
        while (elements.Next())
        {
            var at = $"tool_choice.tools[{elements.Index}]";
            if (elements.Value.Kind != JsonTokenType.StartObject)
                return BodyErrors.Invalid(at, "must be an object");
            var (type, name) = TypeAndName(elements.Value);
            if (type.Text is not "function")
                return NotAFunction(type.Text ?? "none", $"{at}.type");
            if (Exists(name, $"{at}.name") is { } unknown)
                return unknown;
            allowed.Add(name.Text!);
        }

        return allowed.Count > 0 ? null : BodyErrors.Invalid("tool_choice.tools", "must hold at least one tool");
    }

    private ApiError? Exists(JsonSlice name, string at) =>
        name.Text is { Length: > 0 } text && _tools.Exists(tool => tool.Name == text) ? null : BodyErrors.Invalid(at, "must be the name of a function in 'tools'");

    private static (JsonSlice Type, JsonSlice Name) TypeAndName(JsonSlice json)
    {
        var (type, name) = (default(JsonSlice), default(JsonSlice));
        var members = new JsonMembers(json.Bytes);
        while (members.Next())
        {
            if (members.Is("type"u8))
                type = members.Value;
            else if (members.Is("name"u8))
                name = members.Value;
        }

        return (type, name);
    }

    private static ApiError NotAFunction(string kind, string at) => BodyErrors.Refuse(
        at, $"The tool '{BodyErrors.Shorten(kind)}' is not there: Comox runs no hosted tools. Declare a tool of the type function and run it in the client.");
}
