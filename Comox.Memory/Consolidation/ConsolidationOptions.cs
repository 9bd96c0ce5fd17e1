namespace Comox.Memory.Consolidation;

/// <summary>The section <c>Comox:Memory:Consolidation</c>: how the work in the background goes.</summary>
internal sealed record ConsolidationOptions
{
    public const string Section = "Comox:Memory:Consolidation";

    /// <summary>How often it looks for work that nobody told it of: left over from another process, or to be tried again.</summary>
    public TimeSpan PollInterval { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>The longest wait for one answer of a model.</summary>
    public TimeSpan ModelTimeout { get; init; } = TimeSpan.FromMinutes(3);

    /// <summary>Wait after a first failure; doubles with each further one.</summary>
    public TimeSpan RetryDelay { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>The longest of these waits.</summary>
    public TimeSpan MaxRetryDelay { get; init; } = TimeSpan.FromMinutes(10);

    public IEnumerable<string> Problems()
    {
        if (PollInterval < TimeSpan.FromMilliseconds(100) || PollInterval > TimeSpan.FromHours(1))
            yield return $"{Section}:{nameof(PollInterval)} is {PollInterval}; it must be between 0.1 s and 1 h.";
        if (ModelTimeout < TimeSpan.FromMilliseconds(100) || ModelTimeout > TimeSpan.FromHours(1))
            yield return $"{Section}:{nameof(ModelTimeout)} is {ModelTimeout}; it must be between 0.1 s and 1 h.";
        if (RetryDelay < TimeSpan.FromMilliseconds(10) || RetryDelay > MaxRetryDelay)
            yield return $"{Section}:{nameof(RetryDelay)} is {RetryDelay}; it must be between 10 ms and {nameof(MaxRetryDelay)}.";
        if (MaxRetryDelay > TimeSpan.FromDays(1))
            yield return $"{Section}:{nameof(MaxRetryDelay)} is {MaxRetryDelay}; it must be at most a day.";
    }
}
