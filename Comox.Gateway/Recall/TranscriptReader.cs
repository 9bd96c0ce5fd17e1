using System.Text;
using System.Text.Json;
using Comox.Gateway.OpenAI;
using Comox.ServiceDefaults;
using Comox.ServiceDefaults.Contracts.OpenAI;

namespace Comox.Gateway.Recall;

/// <summary>
/// OpenAI's messages as plain text, which is what memory keeps. Content is a string, null, or an array of parts:
/// <code>[{"role":"user","content":[{"type":"text","text":"Hello"}]}]</code>
/// </summary>
internal ref struct TranscriptReader
{
    private Utf8JsonReader _json;

    private TranscriptReader(ReadOnlySpan<byte> messages) => _json = new Utf8JsonReader(messages, new JsonReaderOptions { MaxDepth = 512 });

    /// <param name="messages">A JSON array of objects; its syntax was checked with the body.</param>
    /// <param name="transcript">The messages, when the answer is null.</param>
    public static ApiError? Read(ReadOnlySpan<byte> messages, out IReadOnlyList<ChatMessage> transcript)
    {
        var read = new List<ChatMessage>();
        transcript = read;
        try
        {
            return new TranscriptReader(messages).ReadArray(read);
        }
        catch (InvalidOperationException)
        {
            return BodyErrors.Invalid("messages", "hold a string with an incomplete \\u escape");
        }
    }

    private ApiError? ReadArray(List<ChatMessage> transcript)
    {
        _json.Read();
        while (_json.Read() && _json.TokenType == JsonTokenType.StartObject)
        {
            if (ReadMessage(transcript.Count, out var message) is { } error)
                return error;
            transcript.Add(message!);
        }

        // Memory keeps what is said. Without the tool's answer the engine would be asked the same again, and again call the tool.
        var answer = transcript.FindLastIndex(message => message.Role == "tool");
        return answer > transcript.FindLastIndex(message => message.Role == "user")
            ? BodyErrors.NotTaken($"messages[{answer}]", "A character does not take what a tool has answered; it remembers what is said. Use a plain model where tools are called.")
            : null;
    }

    private ApiError? ReadMessage(int index, out ChatMessage? message)
    {
        message = null;
        string? role = null;
        var content = "";
        while (_json.Read() && _json.TokenType == JsonTokenType.PropertyName)
        {
            var isRole = _json.ValueTextEquals("role"u8);
            var isContent = _json.ValueTextEquals("content"u8);
            _json.Read();
            if (isRole)
                role = _json.TokenType == JsonTokenType.String ? _json.GetString() : null;
            if (isContent && ReadContent(index, out content) is { } error)
                return error;
            _json.Skip();
        }

        if (role is not ("system" or "developer" or "user" or "assistant" or "tool"))
            return BodyErrors.Invalid($"messages[{index}].role", "must be system, developer, user, assistant or tool");
        message = new ChatMessage(role, content);
        return null;
    }

    private ApiError? ReadContent(int index, out string content)
    {
        content = "";
        switch (_json.TokenType)
        {
            case JsonTokenType.Null:
                return null;
            case JsonTokenType.String:
                content = _json.GetString()!;
                return null;
            case JsonTokenType.StartArray:
                return ReadParts(index, out content);
            default:
                return BodyErrors.Invalid($"messages[{index}].content", "must be a string or an array of parts");
        }
    }

    private ApiError? ReadParts(int index, out string content)
    {
        var text = new StringBuilder();
        content = "";
        for (var part = 0; _json.Read() && _json.TokenType != JsonTokenType.EndArray; part++)
        {
            if (_json.TokenType != JsonTokenType.StartObject)
                return BodyErrors.Invalid($"messages[{index}].content[{part}]", "must be an object with a type");
            if (ReadPart($"messages[{index}].content[{part}]", out var piece) is { } error)
                return error;
            if (text.Length > 0)
                text.Append('\n');
            text.Append(piece);
        }

        content = text.ToString();
        return null;
    }

    private ApiError? ReadPart(string where, out string text)
    {
        text = "";
        string? type = null;
        while (_json.Read() && _json.TokenType == JsonTokenType.PropertyName)
        {
            var isType = _json.ValueTextEquals("type"u8);
            var isText = _json.ValueTextEquals("text"u8);
            _json.Read();
            if (_json.TokenType == JsonTokenType.String)
            {
                if (isType)
                    type = _json.GetString();
                else if (isText)
                    text = _json.GetString()!;
            }

            _json.Skip();
        }

        return type == "text"
            ? null
            : BodyErrors.NotTaken(where, $"A character takes text only; '{where}' is of the type '{BodyErrors.Shorten(type)}'. Send parts of type text, or use a plain model.");
    }
}
