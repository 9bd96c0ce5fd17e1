using System.Buffers;
using System.Text.Json;
using Comox.ServiceDefaults;

namespace Comox.Gateway.OpenAI.Responses;

/// <summary>
/// The input of a response → the messages of a chat. A chat has one assistant message for what the Responses API lists apart, so such a message stays
/// open until an item of another kind comes:
/// <code>
/// {"type":"reasoning","summary":[],"content":[{"type":"reasoning_text","text":"Hm."}]},   {"role":"assistant","content":"Let me see.","reasoning_content":"Hm.",
/// {"role":"assistant","content":"Let me see."},                                            "tool_calls":[{"id":"call_1","type":"function",
/// {"type":"function_call","call_id":"call_1","name":"look","arguments":"{}"}                             "function":{"name":"look","arguments":"{}"}}]}
/// </code>
/// Of reasoning only the model's own words go back to it; a summary is not what it thought, and encrypted content nobody here can read.
/// </summary>
internal sealed class InputItems(ArrayBufferWriter<byte> chat)
{
    private readonly InputContent _content = new(chat);
    private readonly List<ReadOnlyMemory<byte>> _reasoning = [];
    private Assistant _assistant;
    private int _messages;

    private enum Assistant
    {
        Closed,
        Said,
        Calls,
    }

    /// <summary>Writes the elements of <c>messages</c>.</summary>
    public ApiError? Write(JsonSlice instructions, JsonSlice input)
    {
        if (instructions.IsText && instructions.Inner.Length > 0)
            WriteMessage("\"system\""u8, instructions.Bytes.Span);
        if (input.IsNone)
            return BodyErrors.Missing("input");
        if (input.IsText)
        {
            WriteMessage("\"user\""u8, input.Bytes.Span);
            return null;
        }

        if (input.Kind != JsonTokenType.StartArray)
            return BodyErrors.Invalid("input", "must be a string or an array of items");
        var before = _messages;
        var items = new JsonElements(input.Bytes);
        while (items.Next())
        {
            if (WriteItem(items.Value, $"input[{items.Index}]") is { } error)
                return error;
        }

        CloseAssistant();
        return _messages > before ? null : BodyErrors.Invalid("input", "must hold at least one message or tool output");
    }

    private ApiError? WriteItem(JsonSlice json, string at)
    {
        if (json.Kind != JsonTokenType.StartObject)
            return BodyErrors.Invalid(at, "must be an object");
        var item = Item.Read(json);
        return (item.Type.Text, item.Role.IsText) switch
        {
            ("message", _) or (null, true) => WriteSaid(item, at),
            ("function_call", _) => WriteCall(item, at),
            ("function_call_output", _) => WriteOutput(item, at),
            ("reasoning", _) => KeepReasoning(item, at),
            ("item_reference", _) => BodyErrors.Refuse($"{at}.type", $"The item '{at}' refers to a stored item, and Comox stores none. Send the item itself."),
            (null, false) => BodyErrors.Invalid($"{at}.type", "must name the kind of the item, such as \"message\""),
            var (type, _) => BodyErrors.NotTaken(
                $"{at}.type", $"The item '{at}' is of the type '{BodyErrors.Shorten(type)}', which no chat model takes. Comox takes message, function_call, function_call_output and reasoning."),
        };
    }

    private ApiError? WriteSaid(Item item, string at)
    {
        var role = item.Role.Text;
        if (role is not ("user" or "system" or "developer" or "assistant"))
            return BodyErrors.Invalid($"{at}.role", "must be user, system, developer or assistant");
        CloseAssistant();
        Begin(item.Role.Bytes.Span);
        if (_content.Write(item.Content, $"{at}.content") is { } error)
            return error;
        if (role != "assistant")
        {
            _reasoning.Clear();
            chat.Write("}"u8);
            return null;
        }

        WriteReasoning();
        _assistant = Assistant.Said;
        return null;
    }

    private ApiError? WriteCall(Item item, string at)
    {
        if (!item.CallId.IsText || item.CallId.Inner.Length == 0)
            return BodyErrors.Invalid($"{at}.call_id", "must be the id of the call");
        if (!item.Name.IsText || item.Name.Inner.Length == 0)
            return BodyErrors.Invalid($"{at}.name", "must be the name of the function");
        if (!item.Arguments.IsText)
            return BodyErrors.Invalid($"{at}.arguments", "must be a string that holds JSON");

        // Reasoning since the last call: the model has been asked again, so this is another message.
        if (_reasoning.Count > 0)
            CloseAssistant();
        if (_assistant == Assistant.Closed)
        {
            Begin("\"assistant\""u8);
            chat.Write("null"u8);
            WriteReasoning();
        }

        chat.Write(_assistant == Assistant.Calls ? ","u8 : ",\"tool_calls\":["u8);
        _assistant = Assistant.Calls;
        chat.Write("{\"id\":"u8);
        chat.Write(item.CallId.Bytes.Span);
        chat.Write(",\"type\":\"function\",\"function\":{\"name\":"u8);
        chat.Write(item.Name.Bytes.Span);
        chat.Write(",\"arguments\":"u8);
        chat.Write(item.Arguments.Bytes.Span);
        chat.Write("}}"u8);
        return null;
    }

    private ApiError? WriteOutput(Item item, string at)
    {
        if (!item.CallId.IsText || item.CallId.Inner.Length == 0)
            return BodyErrors.Invalid($"{at}.call_id", "must be the id of the call that is answered");
        CloseAssistant();
        _reasoning.Clear();
        Begin("\"tool\""u8);
        if (_content.Write(item.Output, $"{at}.output") is { } error)
            return error;
        chat.Write(",\"tool_call_id\":"u8);
        chat.Write(item.CallId.Bytes.Span);
        chat.Write("}"u8);
        return null;
    }

    private ApiError? KeepReasoning(Item item, string at)
    {
        if (item.Content.IsNone)
            return null;
        if (item.Content.Kind != JsonTokenType.StartArray)
            return BodyErrors.Invalid($"{at}.content", "must be an array of parts of the type reasoning_text");
        var parts = new JsonElements(item.Content.Bytes);
        while (parts.Next())
        {
            var part = InputPart.Read(parts.Value);
            if (part.Text.IsText && part.Text.Inner.Length > 0)
                _reasoning.Add(part.Text.Inner);
        }

        return null;
    }

    private void WriteMessage(ReadOnlySpan<byte> role, ReadOnlySpan<byte> content)
    {
        Begin(role);
        chat.Write(content);
        chat.Write("}"u8);
    }

    private void Begin(ReadOnlySpan<byte> role)
    {
        chat.Write(_messages++ == 0 ? "{\"role\":"u8 : ",{\"role\":"u8);
        chat.Write(role);
        chat.Write(",\"content\":"u8);
    }

    // The insides of two JSON strings make one JSON string.
    private void WriteReasoning()
    {
        if (_reasoning.Count == 0)
            return;
        chat.Write(",\"reasoning_content\":\""u8);
        foreach (var text in _reasoning)
            chat.Write(text.Span);
        chat.Write("\""u8);
        _reasoning.Clear();
    }

    private void CloseAssistant()
    {
        if (_assistant != Assistant.Closed)
            chat.Write(_assistant == Assistant.Calls ? "]}"u8 : "}"u8);
        _assistant = Assistant.Closed;
    }

    /// <summary>The members of an item that any kind of item may have.</summary>
    private readonly record struct Item(JsonSlice Type, JsonSlice Role, JsonSlice Content, JsonSlice CallId, JsonSlice Name, JsonSlice Arguments, JsonSlice Output)
    {
        public static Item Read(JsonSlice json)
        {
            var item = default(Item);
            var members = new JsonMembers(json.Bytes);
            while (members.Next())
            {
                var value = members.Value;
                item = members switch
                {
                    _ when members.Is("type"u8) => item with { Type = value },
                    _ when members.Is("role"u8) => item with { Role = value },
                    _ when members.Is("content"u8) => item with { Content = value },
                    _ when members.Is("call_id"u8) => item with { CallId = value },
                    _ when members.Is("name"u8) => item with { Name = value },
                    _ when members.Is("arguments"u8) => item with { Arguments = value },
                    _ when members.Is("output"u8) => item with { Output = value },
                    _ => item,
                };
            }

            return item;
        }
    }
}
