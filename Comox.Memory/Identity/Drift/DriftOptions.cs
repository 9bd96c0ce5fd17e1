namespace Comox.Memory.Identity.Drift;

/// <summary>The section <c>Comox:Memory:Drift</c>.</summary>
internal sealed record DriftOptions
{
    public const string Section = MemoryOptions.Section + ":Drift";

    /// <summary>Whether replies are scored at all.</summary>
    public bool Enabled { get; init; } = true;

    /// <summary>A window at this level or above has drifted: the identity is anchored anew.</summary>
    public double Threshold { get; init; } = 0.4;

    /// <summary>A drifted window that falls below this is in character again.</summary>
    public double Release { get; init; } = 0.25;

    /// <summary>How many scored replies the window looks back.</summary>
    public int Replies { get; init; } = 8;

    /// <summary>What each reply weighs against the one after it.</summary>
    public double Decay { get; init; } = 0.75;

    /// <summary>How many replies must have been scored before anything is decided.</summary>
    public int LeastReplies { get; init; } = 2;

    public IEnumerable<string> Problems()
    {
        if (Threshold is not (> 0 and <= 1))
            yield return $"{Section}:{nameof(Threshold)} is {Threshold}; it must be above 0 and at most 1.";
        if (Release is not >= 0 || Release >= Threshold)
            yield return $"{Section}:{nameof(Release)} is {Release}; it must be at least 0 and below {nameof(Threshold)}, {Threshold}.";
        if (Replies is < 1 or > 100)
            yield return $"{Section}:{nameof(Replies)} is {Replies}; it must be between 1 and 100 replies.";
        if (Decay is not (> 0 and <= 1))
            yield return $"{Section}:{nameof(Decay)} is {Decay}; it must be above 0 and at most 1.";
        if (LeastReplies < 1 || LeastReplies > Replies)
            yield return $"{Section}:{nameof(LeastReplies)} is {LeastReplies}; it must be between 1 and {nameof(Replies)}, {Replies}.";
    }
}
