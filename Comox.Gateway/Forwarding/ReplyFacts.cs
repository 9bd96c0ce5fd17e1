namespace Comox.Gateway.Forwarding;

/// <summary>What is known of an answer when it is over; for metering, never its text.</summary>
internal sealed class ReplyFacts
{
    /// <summary>Of choice 0.</summary>
    public string? FinishReason { get; set; }

    public int? PromptTokens { get; set; }
    public int? CompletionTokens { get; set; }

    /// <summary>Of the prompt tokens, those that the engine had in its cache.</summary>
    public int? CachedTokens { get; set; }

    public int? ReasoningTokens { get; set; }

    /// <summary>Events that brought text, reasoning or a part of a tool call: what an answer that was cut has cost, where the engine did not say.</summary>
    public int TokenEvents { get; set; }

    /// <summary>It calls a tool: such a reply cannot be continued by another engine.</summary>
    public bool HasToolCall { get; set; }

    /// <summary>Timestamp of the first token, or null.</summary>
    public long? FirstTokenAt { get; set; }

    public void Add(in ChunkScan chunk)
    {
        FinishReason = chunk.FinishReason ?? FinishReason;
        PromptTokens = chunk.PromptTokens ?? PromptTokens;
        CompletionTokens = chunk.CompletionTokens ?? CompletionTokens;
        CachedTokens = chunk.CachedTokens ?? CachedTokens;
        ReasoningTokens = chunk.ReasoningTokens ?? ReasoningTokens;
        HasToolCall |= chunk.HasToolCall;
        if (chunk.HasText)
            TokenEvents++;
    }
}
