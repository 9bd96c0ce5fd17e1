using System.Buffers;
using System.Text.Json;
using Comox.ServiceDefaults;

namespace Comox.Gateway.OpenAI.Responses;

/// <summary>
/// The content of an item → the content of a message. One part of text becomes a plain string, which every chat template takes:
/// <code>
/// [{"type":"input_text","text":"What is this?"},{"type":"input_image","image_url":"data:…","detail":"low"}]
/// [{"type":"text","text":"What is this?"},{"type":"image_url","image_url":{"url":"data:…","detail":"low"}}]
/// </code>
/// A refusal goes back as the words it was: chat templates have no other place for it.
/// </summary>
internal sealed class InputContent(ArrayBufferWriter<byte> chat)
{
    /// <param name="content">A string or an array of parts.</param>
    /// <param name="at">Where it stands: <c>input[0].content</c>.</param>
    public ApiError? Write(JsonSlice content, string at)
    {
        if (content.IsText)
        {
            chat.Write(content.Bytes.Span);
            return null;
        }

        if (content.Kind != JsonTokenType.StartArray)
            return BodyErrors.Invalid(at, "must be a string or an array of parts");
        var parts = new List<InputPart>();
        var elements = new JsonElements(content.Bytes);
        while (elements.Next())
        {
            var part = InputPart.Read(elements.Value);
            if (Check(part, elements.Value.Kind, $"{at}[{elements.Index}]") is { } error)
                return error;
            parts.Add(part);
        }

        if (parts.Count == 0)
            chat.Write("\"\""u8);
        else if (parts.Count == 1 && parts[0].IsText)
            chat.Write(parts[0].Words.Bytes.Span);
        else
            WriteParts(parts);
        return null;
    }

    private static ApiError? Check(InputPart part, JsonTokenType kind, string at)
    {
        if (kind != JsonTokenType.StartObject)
            return BodyErrors.Invalid(at, "must be an object with a type");
        switch (part.Type.Text)
        {
            case "refusal":
                return part.Refusal.IsText ? null : BodyErrors.Invalid($"{at}.refusal", "must be a string");
            case "input_text" or "output_text" or "text":
                return part.Text.IsText ? null : BodyErrors.Invalid($"{at}.text", "must be a string");
            case "input_image" when part.ImageUrl.IsText:
                return null;
            case "input_image" when !part.FileId.IsNone:
                return BodyErrors.Unsupported($"{at}.file_id", "refers to a stored file, and Comox stores none. Send the image as a data URL in image_url");
            case "input_image":
                return BodyErrors.Invalid($"{at}.image_url", "must be a URL or a data URL");
            case null:
                return BodyErrors.Invalid($"{at}.type", "must name the kind of the part, such as \"input_text\"");
            case var type:
                return BodyErrors.Unsupported($"{at}.type", $"is '{BodyErrors.Shorten(type)}'. Comox takes parts of the types input_text, input_image, output_text and refusal");
        }
    }

    private void WriteParts(List<InputPart> parts)
    {
        var separator = "["u8;
        foreach (var part in parts)
        {
            chat.Write(separator);
            separator = ","u8;
            if (part.IsText)
            {
                chat.Write("{\"type\":\"text\",\"text\":"u8);
                chat.Write(part.Words.Bytes.Span);
                chat.Write("}"u8);
                continue;
            }

            chat.Write("{\"type\":\"image_url\",\"image_url\":{\"url\":"u8);
            chat.Write(part.ImageUrl.Bytes.Span);
            if (part.Detail.IsText)
            {
                chat.Write(",\"detail\":"u8);
                chat.Write(part.Detail.Bytes.Span);
            }

            chat.Write("}}"u8);
        }

        chat.Write("]"u8);
    }
}

/// <summary>The members of a part that any kind of part may have.</summary>
internal readonly record struct InputPart(JsonSlice Type, JsonSlice Text, JsonSlice Refusal, JsonSlice ImageUrl, JsonSlice Detail, JsonSlice FileId)
{
    /// <summary>Text or a refusal.</summary>
    public JsonSlice Words => Type.Text == "refusal" ? Refusal : Text;

    public bool IsText => Type.Text != "input_image";

    public static InputPart Read(JsonSlice json)
    {
        var part = default(InputPart);
        var members = new JsonMembers(json.Bytes);
        while (members.IsObject && members.Next())
        {
            var value = members.Value;
            part = members switch
            {
                _ when members.Is("type"u8) => part with { Type = value },
                _ when members.Is("text"u8) => part with { Text = value },
                _ when members.Is("refusal"u8) => part with { Refusal = value },
                _ when members.Is("image_url"u8) => part with { ImageUrl = value },
                _ when members.Is("detail"u8) => part with { Detail = value },
                _ when members.Is("file_id"u8) => part with { FileId = value },
                _ => part,
            };
        }

        return part;
    }
}
