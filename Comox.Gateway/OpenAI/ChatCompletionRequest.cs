namespace Comox.Gateway.OpenAI;

/// <summary>Fields of a chat request that the gateway reads or replaces.</summary>
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
}

/// <summary>Where a field's value stands in the body.</summary>
internal readonly record struct FieldSpan(ChatField Field, int Start, int End);

/// <summary>
/// A chat request as the bytes that came, and the few values we act on. Everything else in the body is the engine's business and travels untouched.
/// </summary>
internal sealed record ChatCompletionRequest
{
    /// <summary>The whole body. Rented: valid until the exchange ends.</summary>
    public required ReadOnlyMemory<byte> Body { get; init; }

    public required string Model { get; init; }
    public required bool Stream { get; init; }

    /// <summary><c>max_completion_tokens</c>, else <c>max_tokens</c>.</summary>
    public required int? MaxTokens { get; init; }

    /// <summary>OpenAI's <c>n</c>.</summary>
    public required int Choices { get; init; }

    public required string? User { get; init; }

    /// <summary>Whether the client names a temperature of its own; null counts as none.</summary>
    public required bool HasTemperature { get; init; }

    /// <summary>Every occurrence of every <see cref="ChatField"/>, in the order of the body. A key may occur twice.</summary>
    public required IReadOnlyList<FieldSpan> Fields { get; init; }

    /// <summary>Offset of the body's closing brace, where fields can be added.</summary>
    public required int ClosingBrace { get; init; }

    /// <summary>The JSON array of messages. Where the key occurs twice the last one counts, as for the engines' parsers.</summary>
    public ReadOnlyMemory<byte> Messages
    {
        get
        {
            var span = Fields.Last(candidate => candidate.Field == ChatField.Messages);
            return Body[span.Start..span.End];
        }
    }
}
