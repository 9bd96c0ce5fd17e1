using System.Text.Json;
using Comox.Gateway.OpenAI;
using Comox.ServiceDefaults;

namespace Comox.Gateway.Anthropic;

/// <summary>
/// The field <c>content</c> of a chat message, from text and image blocks. A single text without anything else becomes a plain string: every chat template
/// understands that, and only some understand parts.
/// </summary>
internal static class MessagesContent
{
    public static ApiError? Write(List<MessageBlock> blocks, Utf8JsonWriter json)
    {
        if (blocks.Count == 0)
        {
            json.WriteString("content"u8, ""u8);
            return null;
        }

        if (blocks is [{ Type: "text" } only] && only.Json.Has("text", out var text) && text.ValueKind == JsonValueKind.String && only.Json.EnumerateObject().Count() == 2)
        {
            json.WriteField("content", text);
            return null;
        }

        json.WriteStartArray("content"u8);
        foreach (var block in blocks)
        {
            if (WritePart(block, json) is { } error)
                return error;
        }

        json.WriteEndArray();
        return null;
    }

    private static ApiError? WritePart(MessageBlock block, Utf8JsonWriter json)
    {
        switch (block.Type)
        {
            case "text":
                if (block.Json.Text("text") is null)
                    return BodyErrors.Missing($"{block.Path}.text");
                json.WriteVerbatim(block.Json); // {"type":"text","text":"…"} is a part of both APIs.
                return null;
            case "image":
                return WriteImage(block, json);
            default:
                return BodyErrors.Unsupported($"{block.Path}.type", $"must be a kind of content that a chat model can be sent, and is '{BodyErrors.Shorten(block.Type)}'");
        }
    }

    private static ApiError? WriteImage(MessageBlock block, Utf8JsonWriter json)
    {
        if (!block.Json.Has("source", out var source))
            return BodyErrors.Missing($"{block.Path}.source");
        string? address = null;
        switch (source.Text("type"))
        {
            case "base64":
                if (source.Text("media_type") is not { } mediaType)
                    return BodyErrors.Missing($"{block.Path}.source.media_type");
                if (source.Text("data") is not { } data)
                    return BodyErrors.Missing($"{block.Path}.source.data");
                address = $"data:{mediaType};base64,{data}";
                break;
            case "url":
                address = source.Text("url");
                if (address is null)
                    return BodyErrors.Missing($"{block.Path}.source.url");
                break;
            default:
                return BodyErrors.Unsupported($"{block.Path}.source.type", "must be base64 or url");
        }

        json.WriteStartObject();
        json.WriteString("type"u8, "image_url"u8);
        json.WriteStartObject("image_url"u8);
        json.WriteString("url"u8, address);
        json.WriteEndObject();
        json.WriteOthers(block.Json, "type", "source");
        json.WriteEndObject();
        return null;
    }
}

/// <summary>A content block and the name of its place.</summary>
internal sealed record MessageBlock(JsonElement Json, string Path)
{
    public string? Type { get; } = Json.Text("type");
}
