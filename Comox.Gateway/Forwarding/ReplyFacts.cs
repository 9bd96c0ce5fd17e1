namespace Comox.Gateway.Forwarding;

/// <summary>What is known of an answer when it is over; for metering, never its text.</summary>
internal sealed class ReplyFacts
{
    private int _meteredPrompt;
    private int _meteredCached;
    private int _meteredReasoning;
    private int _meteredOutput;

    /// <summary>Of choice 0.</summary>
    public string? FinishReason { get; set; }

    public int? PromptTokens { get; set; }
    public int? CompletionTokens { get; set; }

    /// <summary>Of <see cref="PromptTokens"/>: those the engine had in its cache.</summary>
    public int? CachedTokens { get; set; }

    /// <summary>Of <see cref="CompletionTokens"/>: those that were reasoning.</summary>
    public int? ReasoningTokens { get; set; }

    /// <summary>Events that brought text, reasoning or a part of a tool call: what an answer that was cut has cost, where the engine did not say.</summary>
    public int TokenEvents { get; private set; }

    /// <summary>It calls a tool: such a reply cannot be continued by another engine.</summary>
    public bool HasToolCall { get; private set; }

    /// <summary>It has thought: what it thought is not kept, so another engine would not know.</summary>
    public bool HasReasoning { get; private set; }

    /// <summary>The engine's own id of the answer, and its own name of the model; read from the first event alone.</summary>
    public string? ResponseId { get; private set; }
    public string? ResponseModel { get; private set; }
    public long? Created { get; private set; }
    public bool IsIdentified { get; private set; }

    /// <summary>Null where nobody measures.</summary>
    public ITokenWatch? Watch { get; set; }

    public void Add(in ChunkScan chunk)
    {
        if (!IsIdentified)
            (ResponseId, ResponseModel, Created, IsIdentified) = (chunk.Id, chunk.Model, chunk.Created, true);
        FinishReason = chunk.FinishReason ?? FinishReason;
        PromptTokens = chunk.PromptTokens ?? PromptTokens;
        CompletionTokens = chunk.CompletionTokens ?? CompletionTokens;
        CachedTokens = chunk.CachedTokens ?? CachedTokens;
        ReasoningTokens = chunk.ReasoningTokens ?? ReasoningTokens;
        HasToolCall |= chunk.HasToolCall;
        HasReasoning |= chunk.HasReasoning;
        if (chunk.HasText)
            TokenEvents++;
    }

    /// <summary>An event that brings a piece of text and nothing else.</summary>
    public void AddToken() => TokenEvents++;

    /// <summary>Output tokens that nobody has metered yet: as the engine counts them, or, where a cut answer leaves that open, one for each event that brought some.</summary>
    public int TakeUnmeteredOutput()
    {
        var total = Math.Max(CompletionTokens ?? TokenEvents, _meteredOutput);
        var unmetered = total - _meteredOutput;
        _meteredOutput = total;
        return unmetered;
    }

    public int TakeUnmeteredPrompt() => Unmetered(PromptTokens, ref _meteredPrompt);

    public int TakeUnmeteredCached() => Unmetered(CachedTokens, ref _meteredCached);

    public int TakeUnmeteredReasoning() => Unmetered(ReasoningTokens, ref _meteredReasoning);

    private static int Unmetered(int? tokens, ref int metered)
    {
        var total = Math.Max(tokens ?? 0, metered);
        var unmetered = total - metered;
        metered = total;
        return unmetered;
    }

    public void TokenAt(long timestamp) => Watch?.TokenAt(timestamp);
}
