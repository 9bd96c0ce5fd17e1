namespace Comox.Gateway.Forwarding;

/// <summary>What is known of an answer when it is over; for metering, never its text.</summary>
internal sealed class ReplyFacts
{
    /// <summary>Of choice 0.</summary>
    public string? FinishReason { get; set; }

    public int? PromptTokens { get; set; }
    public int? CompletionTokens { get; set; }

    /// <summary>Timestamp of the first token, or null.</summary>
    public long? FirstTokenAt { get; set; }
}
