namespace Comox.ServiceDefaults.Contracts.Nodes;

/// <summary>
/// What a model can be given: how much, and in which form. The super-prompt obeys it, so that a 4-million-parameter
/// model and a 70-billion one get the prompt that each can use.
/// </summary>
public sealed record PromptProfile
{
    /// <summary>The profile of a general instruct model of which nothing else is known.</summary>
    public static PromptProfile Standard { get; } = new()
    {
        Id = "standard",
        ContextTokens = 4096,
        PromptTokens = 3072,
        ReplyTokens = 1024,
        CharsPerToken = 3.2,
        MemoryLines = 24,
        HistoryTurns = 200,
        SystemFormat = SystemFormats.Standard,
    };

    /// <summary>
    /// The profile of the model that Comox brings along, which is trained on prompts of this very form and size. Its 3,072 word pieces give 2.2 characters per token in the
    /// densest prompt and 2.5 in most: estimated at 2.3, a full prompt and its reply stay below 1,024 tokens.
    /// </summary>
    public static PromptProfile BuiltIn { get; } = new()
    {
        Id = "built-in",
        ContextTokens = 1024,
        PromptTokens = 880,
        ReplyTokens = 96,
        CharsPerToken = 2.3,
        SpellsBytes = true,
        MemoryLines = 12,
        MemoryShare = 0.45,
        HistoryTurns = 24,
        // What it would say second is wrong more often than not.
        Temperature = 0,
        SystemFormat = SystemFormats.Standard,
    };

    /// <summary>Name in receipts, logs and the console.</summary>
    public required string Id { get; init; }

    /// <summary>Tokens of prompt and reply together, for one request.</summary>
    public required int ContextTokens { get; init; }

    /// <summary>Budget of the whole prompt, in tokens.</summary>
    public required int PromptTokens { get; init; }

    /// <summary>The most tokens that a character's reply may have where the client names no number; one that it names is granted as far as the context has room.</summary>
    public required int ReplyTokens { get; init; }

    /// <summary>Characters per token, on the low side for this model's tokenizer: budgets are estimated, never tokenized, on the hot path.</summary>
    public required double CharsPerToken { get; init; }

    /// <summary>Whether a character beyond ASCII costs a token per byte: a small vocabulary spells it out. Else it costs one.</summary>
    public bool SpellsBytes { get; init; }

    /// <summary>The part of the budget that stands with the message: what is remembered, the scene, the lore it calls up. 0 to 1.</summary>
    public double MemoryShare { get; init; } = 0.25;

    /// <summary>The most remembered statements the prompt may carry.</summary>
    public required int MemoryLines { get; init; }

    /// <summary>The most messages of the running conversation the prompt may carry, the new one included.</summary>
    public required int HistoryTurns { get; init; }

    /// <summary>The temperature to sample at where the client names none; null: the engine's own default.</summary>
    public double? Temperature { get; init; }

    /// <summary>One of <see cref="SystemFormats"/>.</summary>
    public required string SystemFormat { get; init; }
}

/// <summary>How the system message is written.</summary>
public static class SystemFormats
{
    /// <summary>Headed sections in prose; for any instruct model.</summary>
    public const string Standard = "standard";
}
