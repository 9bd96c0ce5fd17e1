namespace Comox.NodeAgent.Health.Gpus;

/// <summary>What is remembered of one card between readings, with times of a clock that never goes back. Immutable: a judgement gives the next one.</summary>
internal sealed record GpuHistory
{
    public static GpuHistory New { get; } = new();

    /// <summary>Since when the hardware has held its clocks down without a break.</summary>
    public TimeSpan? SlowdownSince { get; init; }

    /// <summary>Its core clock under load as it is now, in MHz, smoothed; null: not seen under load yet.</summary>
    public double? LoadedClock { get; init; }

    /// <summary>The best <see cref="LoadedClock"/> it has had at <see cref="PowerLimit"/>; null until it has been seen often enough.</summary>
    public double? BaselineClock { get; init; }

    /// <summary>Readings under load at <see cref="PowerLimit"/>.</summary>
    public int LoadedReadings { get; init; }

    /// <summary>The limit that the clocks belong to: another limit, other clocks.</summary>
    public double? PowerLimit { get; init; }

    /// <summary>The most lanes it has had under load.</summary>
    public int? LoadedWidth { get; init; }

    public int? LoadedGeneration { get; init; }

    /// <summary>Readings under load in a row with a narrower or slower link than it has had: a link takes a moment to wake up.</summary>
    public int NarrowReadings { get; init; }

    /// <summary>Findings that come and go by the second, and when each was last there.</summary>
    public IReadOnlyList<SeenFinding> Flickering { get; init; } = [];

    /// <summary>Errors of its driver, oldest first.</summary>
    public IReadOnlyList<SeenXid> Xids { get; init; } = [];
}

/// <param name="Code">Its number.</param>
/// <param name="At">When it was read, for people.</param>
/// <param name="Heard">The same, on a clock that never goes back.</param>
internal readonly record struct SeenXid(int Code, DateTimeOffset At, TimeSpan Heard);

/// <param name="Text">Its words.</param>
/// <param name="At">When it was last there.</param>
internal readonly record struct SeenFinding(string Text, TimeSpan At);
