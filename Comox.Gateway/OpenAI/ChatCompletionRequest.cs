namespace Comox.Gateway.OpenAI;

/// <summary>Fields of a request that the gateway reads or replaces; <see cref="RequestApi"/> says which API has which.</summary>
internal enum ChatField
{
    Model,
    Messages,
    Stream,
    StreamOptions,
    MaxTokens,
    MaxCompletionTokens,
    Choices,
    User,
    Temperature,

    /// <summary>What <c>/v1/completions</c> goes on from.</summary>
    Prompt,

    /// <summary>What <c>/v1/embeddings</c> turns into vectors.</summary>
    Input,

    Tools,
    ToolChoice,

    /// <summary>A schema or grammar that the output must obey, in any of the words engines have for it.</summary>
    Guided,
}

/// <summary>Where a field's value stands in the body.</summary>
internal readonly record struct FieldSpan(ChatField Field, int Start, int End);

/// <summary>
/// A request as the bytes that came, and the few values we act on. Everything else in the body is the engine's business and travels untouched.
/// </summary>
internal sealed record ChatCompletionRequest
{
    /// <summary>The whole body. Rented: valid until the exchange ends.</summary>
    public required ReadOnlyMemory<byte> Body { get; init; }

    public required RequestApi Api { get; init; }

    public required string Model { get; init; }
    public required bool Stream { get; init; }

    /// <summary><c>max_completion_tokens</c>, else <c>max_tokens</c>.</summary>
    public required int? MaxTokens { get; init; }

    /// <summary>How many answers will end: OpenAI's <c>n</c>, for each of the prompts.</summary>
    public required int Choices { get; init; }

    public required string? User { get; init; }

    /// <summary>Whether the client names a temperature of its own; null counts as none.</summary>
    public required bool HasTemperature { get; init; }

    /// <summary>Every occurrence of every <see cref="ChatField"/>, in the order of the body. A key may occur twice.</summary>
    public required IReadOnlyList<FieldSpan> Fields { get; init; }

    /// <summary>Offset of the body's closing brace, where fields can be added.</summary>
    public required int ClosingBrace { get; init; }

    /// <summary>The JSON array of messages of a chat.</summary>
    public ReadOnlyMemory<byte> Messages => ValueOf(ChatField.Messages);

    /// <summary>Messages, prompt or input. Where the key occurs twice the last one counts, as for the engines' parsers.</summary>
    public ReadOnlyMemory<byte> Payload => ValueOf(Api.Payload);

    public bool Has(ChatField field)
    {
        foreach (var span in Fields)
        {
            if (span.Field == field)
                return true;
        }

        return false;
    }

    /// <returns>Empty where the body lacks it.</returns>
    public ReadOnlyMemory<byte> ValueOf(ChatField field)
    {
        for (var i = Fields.Count - 1; i >= 0; i--)
        {
            if (Fields[i].Field == field)
                return Body[Fields[i].Start..Fields[i].End];
        }

        return default;
    }
}
