namespace Comox.Gateway.Forwarding;

/// <summary>What is known of an answer when it is over; for metering. Its text only where an operator captures it.</summary>
internal sealed class ReplyFacts
{
    /// <summary>Of choice 0.</summary>
    public string? FinishReason { get; set; }

    public int? PromptTokens { get; set; }
    public int? CompletionTokens { get; set; }

    /// <summary>Of <see cref="PromptTokens"/>: those the engine had in its cache.</summary>
    public int? CachedTokens { get; set; }

    /// <summary>Of <see cref="CompletionTokens"/>: those that were reasoning.</summary>
    public int? ReasoningTokens { get; set; }

    /// <summary>The engine's own id of the answer, and its own name of the model; read from the first event alone.</summary>
    public string? ResponseId { get; private set; }
    public string? ResponseModel { get; private set; }
    public bool IsIdentified { get; private set; }

    /// <summary>Timestamp of the first token, or null.</summary>
    public long? FirstTokenAt { get; private set; }

    /// <summary>Null where nobody measures.</summary>
    public ITokenWatch? Watch { get; set; }

    /// <summary>Takes the text of choice 0 for telemetry; null unless content is captured.</summary>
    public ReplyText? Captured { get; set; }

    public void TokenAt(long timestamp)
    {
        FirstTokenAt ??= timestamp;
        Watch?.TokenAt(timestamp);
    }

    public void Identify(string? id, string? model) => (ResponseId, ResponseModel, IsIdentified) = (id, model, true);
}
