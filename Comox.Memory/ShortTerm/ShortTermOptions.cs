namespace Comox.Memory.ShortTerm;

/// <summary>The section <c>Comox:Memory:ShortTerm</c>.</summary>
internal sealed record ShortTermOptions
{
    public const string Section = "Comox:Memory:ShortTerm";

    /// <summary>The newest turns of a conversation that are never summarised, at least.</summary>
    public int KeepTurns { get; init; } = 24;

    /// <summary>How many turns go into a summary at once. A new summary alters the prompt from its place on, so it should be rare.</summary>
    public int BlockTurns { get; init; } = 16;

    /// <summary>The most tokens a summary may have.</summary>
    public int SummaryTokens { get; init; } = 400;

    public IEnumerable<string> Problems()
    {
        if (KeepTurns is < 2 or > 10_000)
            yield return $"{Section}:{nameof(KeepTurns)} is {KeepTurns}; it must be between 2 and 10000 turns.";
        if (BlockTurns is < 2 or > 200)
            yield return $"{Section}:{nameof(BlockTurns)} is {BlockTurns}; it must be between 2 and 200 turns.";
        if (SummaryTokens is < 50 or > 8000)
            yield return $"{Section}:{nameof(SummaryTokens)} is {SummaryTokens}; it must be between 50 and 8000 tokens.";
    }
}
