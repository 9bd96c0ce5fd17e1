using System.Text.Json;
using Comox.Gateway.OpenAI;
using Comox.ServiceDefaults;

namespace Comox.Gateway.Anthropic;

/// <summary>
/// One turn of a <c>/v1/messages</c> body becomes one or more chat messages:
/// <code>
/// {"role":"user","content":[{"type":"tool_result","tool_use_id":"t1","content":"5°","is_error":true},{"type":"text","text":"And?"}]}
/// {"role":"tool","tool_call_id":"t1","content":"5°","is_error":true},{"role":"user","content":"And?"}
/// </code>
/// Tool results come first whatever their place, because chat wants them right behind the call.
/// </summary>
internal static class MessagesTurns
{
    public static ApiError? WriteSystem(JsonElement root, Utf8JsonWriter json)
    {
        if (!root.Has("system", out var system))
            return null;
        if (system.ValueKind is not (JsonValueKind.String or JsonValueKind.Array))
            return BodyErrors.Invalid("system", "must be a string or an array of text blocks");
        return IsEmpty(system) ? null : WriteSystemMessage(system, "system", json);
    }

    public static ApiError? Write(JsonElement message, string path, Utf8JsonWriter json)
    {
        if (message.ValueKind != JsonValueKind.Object)
            return BodyErrors.Invalid(path, "must be an object with role and content");
        var role = message.Text("role");
        if (role is not ("user" or "assistant" or "system"))
            return BodyErrors.Invalid($"{path}.role", "must be user, assistant or system");
        if (!message.Has("content", out var content))
            return BodyErrors.Missing($"{path}.content");
        if (content.ValueKind == JsonValueKind.String)
        {
            json.WriteStartObject();
            json.WriteString("role"u8, role);
            json.WriteField("content", content);
            json.WriteEndObject();
            return null;
        }

        if (content.ValueKind != JsonValueKind.Array)
            return BodyErrors.Invalid($"{path}.content", "must be a string or an array of blocks");
        var blocks = content.EnumerateArray().Select((block, index) => new MessageBlock(block, $"{path}.content[{index}]")).ToList();
        if (blocks.Find(block => block.Type is null) is { Path: { } untyped })
            return BodyErrors.Missing($"{untyped}.type");
        return role switch
        {
            "user" => WriteUser(blocks, json),
            "assistant" => WriteAssistant(blocks, json),
            _ => WriteSystemMessage(content, $"{path}.content", json),
        };
    }

    private static ApiError? WriteUser(List<MessageBlock> blocks, Utf8JsonWriter json)
    {
        foreach (var result in blocks.Where(block => block.Type == "tool_result"))
        {
            if (WriteToolResult(result, json) is { } error)
                return error;
        }

        var others = blocks.FindAll(block => block.Type != "tool_result");
        if (others.Count == 0 && blocks.Count > 0)
            return null;
        json.WriteStartObject();
        json.WriteString("role"u8, "user"u8);
        if (MessagesContent.Write(others, json) is { } bad)
            return bad;
        json.WriteEndObject();
        return null;
    }

    private static ApiError? WriteToolResult(MessageBlock result, Utf8JsonWriter json)
    {
        if (result.Json.Text("tool_use_id") is null)
            return BodyErrors.Missing($"{result.Path}.tool_use_id");
        json.WriteStartObject();
        json.WriteString("role"u8, "tool"u8);
        json.WriteField("tool_call_id", result.Json.GetProperty("tool_use_id"));
        if (!result.Json.Has("content", out var content))
        {
            json.WriteString("content"u8, ""u8);
        }
        else if (content.ValueKind == JsonValueKind.Array)
        {
            var blocks = content.EnumerateArray().Select((block, index) => new MessageBlock(block, $"{result.Path}.content[{index}]")).ToList();
            if (MessagesContent.Write(blocks, json) is { } error)
                return error;
        }
        else if (content.ValueKind == JsonValueKind.String)
        {
            json.WriteField("content", content);
        }
        else
        {
            return BodyErrors.Invalid($"{result.Path}.content", "must be a string or an array of blocks");
        }

        json.WriteOthers(result.Json, "type", "tool_use_id", "content");
        json.WriteEndObject();
        return null;
    }

    private static ApiError? WriteAssistant(List<MessageBlock> blocks, Utf8JsonWriter json)
    {
        var calls = blocks.FindAll(block => block.Type == "tool_use");
        var thoughts = blocks.FindAll(block => block.Type is "thinking" or "redacted_thinking");
        var others = blocks.FindAll(block => block.Type is not ("tool_use" or "thinking" or "redacted_thinking"));
        json.WriteStartObject();
        json.WriteString("role"u8, "assistant"u8);
        if (others.Count == 0 && calls.Count > 0)
            json.WriteNull("content"u8);
        else if (MessagesContent.Write(others, json) is { } bad)
            return bad;
        WriteThoughts(thoughts, json);
        if (calls.Count > 0)
        {
            json.WriteStartArray("tool_calls"u8);
            foreach (var call in calls)
            {
                if (MessagesTools.WriteCall(call.Json, call.Path, json) is { } error)
                    return error;
            }

            json.WriteEndArray();
        }

        json.WriteEndObject();
        return null;
    }

    // Local engines read reasoning_content. Signed blocks go along whole as well: the backend that signed them wants them back unchanged.
    private static void WriteThoughts(List<MessageBlock> thoughts, Utf8JsonWriter json)
    {
        var text = string.Concat(thoughts.Select(thought => thought.Json.Text("thinking")));
        if (text.Length > 0)
            json.WriteString("reasoning_content"u8, text);
        if (!thoughts.Exists(thought => thought.Type == "redacted_thinking" || !string.IsNullOrEmpty(thought.Json.Text("signature"))))
            return;
        json.WriteStartArray("thinking_blocks"u8);
        foreach (var thought in thoughts)
            json.WriteVerbatim(thought.Json);
        json.WriteEndArray();
    }

    private static ApiError? WriteSystemMessage(JsonElement content, string path, Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteString("role"u8, "system"u8);
        if (content.ValueKind == JsonValueKind.String)
        {
            json.WriteField("content", content);
        }
        else
        {
            var blocks = content.EnumerateArray().Select((block, index) => new MessageBlock(block, $"{path}[{index}]")).ToList();
            if (blocks.Find(block => block.Type != "text") is { Path: { } other })
                return BodyErrors.Invalid(other, "must be a text block");
            if (MessagesContent.Write(blocks, json) is { } error)
                return error;
        }

        json.WriteEndObject();
        return null;
    }

    private static bool IsEmpty(JsonElement content) => content.ValueKind == JsonValueKind.String ? content.GetString()!.Length == 0 : content.GetArrayLength() == 0;
}
