using System.Text;
using System.Text.Json;

namespace Comox.Gateway.OpenAI;

/// <summary>One of OpenAI's inference APIs whose body travels as it came.</summary>
internal enum RequestApiKind
{
    Chat,
    Completions,
    Embeddings,
}

/// <summary>
/// Which fields of an API the gateway acts on, which it cannot do without, and which it may add. A field that is not listed is the engine's business:
/// <c>stream</c> means nothing to embeddings, so nothing is made of it.
/// </summary>
internal sealed class RequestApi
{
    // OpenAI's, then vLLM's, then llama.cpp's.
    private static readonly Known[] Guides =
    [
        .. ((string[])["response_format", "structured_outputs", "guided_json", "guided_regex", "guided_choice", "guided_grammar", "grammar", "json_schema"])
            .Select(name => new Known(name, ChatField.Guided)),
    ];

    private readonly Known[] _fields;
    private readonly ChatField[] _added;

    private RequestApi(RequestApiKind kind, ChatField payload, Known[] fields, ChatField[] added) => (Kind, Payload, _fields, _added) = (kind, payload, fields, added);

    /// <summary><c>POST /v1/chat/completions</c> (https://platform.openai.com/docs/api-reference/chat/create)</summary>
    public static RequestApi Chat { get; } = new(
        RequestApiKind.Chat,
        ChatField.Messages,
        [
            new("model", ChatField.Model), new("messages", ChatField.Messages), new("stream", ChatField.Stream), new("stream_options", ChatField.StreamOptions),
            new("max_tokens", ChatField.MaxTokens), new("max_completion_tokens", ChatField.MaxCompletionTokens), new("n", ChatField.Choices), new("user", ChatField.User),
            new("temperature", ChatField.Temperature), new("tools", ChatField.Tools), new("tool_choice", ChatField.ToolChoice), .. Guides,
        ],
        [ChatField.Model, ChatField.Stream, ChatField.StreamOptions, ChatField.MaxTokens, ChatField.MaxCompletionTokens, ChatField.Temperature]);

    /// <summary><c>POST /v1/completions</c> (https://platform.openai.com/docs/api-reference/completions/create)</summary>
    public static RequestApi Completions { get; } = new(
        RequestApiKind.Completions,
        ChatField.Prompt,
        [
            new("model", ChatField.Model), new("prompt", ChatField.Prompt), new("stream", ChatField.Stream), new("stream_options", ChatField.StreamOptions),
            new("max_tokens", ChatField.MaxTokens), new("n", ChatField.Choices), new("user", ChatField.User), new("temperature", ChatField.Temperature),
        ],
        [ChatField.Stream, ChatField.StreamOptions, ChatField.MaxTokens, ChatField.Temperature]);

    /// <summary><c>POST /v1/embeddings</c> (https://platform.openai.com/docs/api-reference/embeddings/create)</summary>
    public static RequestApi Embeddings { get; } = new(
        RequestApiKind.Embeddings,
        ChatField.Input,
        [new("model", ChatField.Model), new("input", ChatField.Input), new("user", ChatField.User)],
        []);

    public RequestApiKind Kind { get; }

    /// <summary>The required field besides <c>model</c>.</summary>
    public ChatField Payload { get; }

    public string PayloadName => _fields.First(known => known.Field == Payload).Name;

    public bool MayAdd(ChatField field) => _added.Contains(field);

    /// <param name="json">Stands at a key.</param>
    /// <returns>The field of that name, or null where the gateway does nothing with it.</returns>
    public ChatField? FieldAt(ref readonly Utf8JsonReader json)
    {
        foreach (var known in _fields)
        {
            // ValueTextEquals, not a comparison of bytes: "mod\u0065l" is the same key to the engine's parser.
            if (json.ValueTextEquals(known.Utf8Name))
                return known.Field;
        }

        return null;
    }

    private sealed record Known(string Name, ChatField Field)
    {
        public byte[] Utf8Name { get; } = Encoding.UTF8.GetBytes(Name);
    }
}
