using System.Text.Json;
using Comox.Gateway.OpenAI;
using Comox.ServiceDefaults;

namespace Comox.Gateway.Anthropic;

/// <summary>
/// Chat messages as turns of user and assistant, which alternate; neighbours of one role become one turn, and a tool's answer is the user's:
/// <code>
/// assistant {"tool_calls":[a,b]}, tool a, tool b, user "And?"
/// assistant [tool_use a, tool_use b], user [tool_result a, tool_result b, text "And?"]
/// </code>
/// Blank texts are left out, because Anthropic refuses them. So is reasoning that nobody signed; signed blocks go back as they came.
/// </summary>
internal sealed class ChatTurns(Utf8JsonWriter json)
{
    /// <summary>A conversation must begin with the user; a character's greeting does not.</summary>
    private const string Opening = "(The conversation begins.)";

    private string? _role;

    public ApiError? Write(JsonElement message, string path)
    {
        var role = message.Text("role");
        message.Has("content", out var content);
        return role switch
        {
            "system" or "developer" => null,
            "user" => WriteContent(content, $"{path}.content", () => Turn("user")),
            "assistant" => WriteAssistant(message, content, path),
            "tool" => WriteToolResult(message, content, path),
            _ => BodyErrors.Unsupported($"{path}.role", "must be system, developer, user, assistant or tool"),
        };
    }

    public void End()
    {
        if (_role is null)
        {
            Turn("user");
            WriteText(Opening);
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private void Turn(string role)
    {
        if (_role == role)
            return;
        if (_role is null && role == "assistant")
        {
            Turn("user");
            WriteText(Opening);
        }

        if (_role is not null)
        {
            json.WriteEndArray();
            json.WriteEndObject();
        }

        _role = role;
        json.WriteStartObject();
        json.WriteString("role"u8, role);
        json.WriteStartArray("content"u8);
    }

    private ApiError? WriteAssistant(JsonElement message, JsonElement content, string path)
    {
        WriteThoughts(message);
        if (WriteContent(content, $"{path}.content", () => Turn("assistant")) is { } error)
            return error;
        if (message.Text("refusal") is { } refusal && !string.IsNullOrWhiteSpace(refusal))
        {
            Turn("assistant");
            WriteText(refusal);
        }

        if (!message.Has("tool_calls", out var calls))
            return null;
        if (calls.ValueKind != JsonValueKind.Array)
            return BodyErrors.Invalid($"{path}.tool_calls", "must be an array of calls");
        var index = 0;
        foreach (var call in calls.EnumerateArray())
        {
            Turn("assistant");
            if (ChatTools.WriteCall(call, $"{path}.tool_calls[{index++}]", json) is { } bad)
                return bad;
        }

        return null;
    }

    private void WriteThoughts(JsonElement message)
    {
        if (message.Has("thinking_blocks", out var blocks) && blocks.ValueKind == JsonValueKind.Array)
        {
            foreach (var block in blocks.EnumerateArray())
            {
                if (block.Text("type") != "redacted_thinking" && !(block.Text("type") == "thinking" && block.Text("signature") is { Length: > 0 }))
                    continue;
                Turn("assistant");
                json.WriteVerbatim(block);
            }

            return;
        }

        if (message.Text("reasoning_signature") is not { Length: > 0 } signature)
            return;
        Turn("assistant");
        json.WriteStartObject();
        json.WriteString("type"u8, "thinking"u8);
        json.WriteString("thinking"u8, message.Text("reasoning_content") ?? "");
        json.WriteString("signature"u8, signature);
        json.WriteEndObject();
    }

    private ApiError? WriteToolResult(JsonElement message, JsonElement content, string path)
    {
        if (message.Text("tool_call_id") is not { Length: > 0 } id)
            return BodyErrors.Missing($"{path}.tool_call_id");
        Turn("user");
        json.WriteStartObject();
        json.WriteString("type"u8, "tool_result"u8);
        json.WriteString("tool_use_id"u8, ChatTools.Id(id));
        json.WriteStartArray("content"u8);
        if (WriteContent(content, $"{path}.content", () => { }) is { } error)
            return error;
        json.WriteEndArray();
        json.WriteOthers(message, "role", "tool_call_id", "content", "name");
        json.WriteEndObject();
        return null;
    }

    private ApiError? WriteContent(JsonElement content, string path, Action beforeBlock)
    {
        switch (content.ValueKind)
        {
            case JsonValueKind.Undefined or JsonValueKind.Null:
                return null;
            case JsonValueKind.String:
                if (!string.IsNullOrWhiteSpace(content.GetString()))
                {
                    beforeBlock();
                    json.WriteStartObject();
                    json.WriteString("type"u8, "text"u8);
                    json.WriteField("text", content);
                    json.WriteEndObject();
                }

                return null;
            case JsonValueKind.Array:
                var index = 0;
                foreach (var part in content.EnumerateArray())
                {
                    if (WritePart(part, $"{path}[{index++}]", beforeBlock) is { } error)
                        return error;
                }

                return null;
            default:
                return BodyErrors.Invalid(path, "must be a string or an array of parts");
        }
    }

    private ApiError? WritePart(JsonElement part, string path, Action beforeBlock)
    {
        switch (part.Text("type"))
        {
            case "text" when part.Text("text") is { } text:
                if (string.IsNullOrWhiteSpace(text))
                    return null;
                beforeBlock();
                json.WriteVerbatim(part);
                return null;
            case "text":
                return BodyErrors.Missing($"{path}.text");
            case "refusal" when part.Text("refusal") is { } refusal && !string.IsNullOrWhiteSpace(refusal):
                beforeBlock();
                WriteText(refusal);
                return null;
            case "image_url" when part.Has("image_url", out var image) && image.Text("url") is { } url:
                if (!ImageSource.TryParse(url, out var source))
                    return BodyErrors.Unsupported($"{path}.image_url.url", "must be an http(s) address or a data URL in base64");
                beforeBlock();
                json.WriteStartObject();
                json.WriteString("type"u8, "image"u8);
                source!.WriteTo(json);
                json.WriteOthers(part, "type", "image_url");
                json.WriteEndObject();
                return null;
            case "image_url":
                return BodyErrors.Missing($"{path}.image_url.url");
            default:
                return BodyErrors.Unsupported($"{path}.type", "must be text or image_url for this backend");
        }
    }

    private void WriteText(string text)
    {
        json.WriteStartObject();
        json.WriteString("type"u8, "text"u8);
        json.WriteString("text"u8, text);
        json.WriteEndObject();
    }
}
