using Comox.NodeAgent.Engines;

namespace Comox.NodeAgent.Health.Engines;

/// <summary>All that is known of a running engine at one moment. What is unknown is null, and accuses nobody.</summary>
internal sealed record EngineFigures
{
    /// <summary>On a clock that never goes back.</summary>
    public required TimeSpan Now { get; init; }

    /// <summary>This look comes much later than it should: we were held up ourselves, so nothing is said of the time between.</summary>
    public bool WasLate { get; init; }

    public ProcessFigures? Process { get; init; }

    /// <summary>For how long a question of ours has had no answer; null: none is open.</summary>
    public TimeSpan? Unanswered { get; init; }

    /// <summary>Its newest answer.</summary>
    public EngineProgress? Progress { get; init; }

    /// <summary>How long ago the question was put that <see cref="Progress"/> answers.</summary>
    public TimeSpan ProgressAge { get; init; }

    public AnswerFigures Answers { get; init; }

    /// <summary>Requests that it works on at once, at most.</summary>
    public int Slots { get; init; } = int.MaxValue;

    /// <summary>See <see cref="IEngineProgress.PromptStep"/>.</summary>
    public int? PromptStep { get; init; }

    /// <summary>How long it is expected to need for a token of each request.</summary>
    public double? TokenSeconds { get; init; }

    /// <summary>How fast it has been seen to read prompts.</summary>
    public double? PromptTokensPerSecond { get; init; }

    /// <summary>A speed that was measured just now.</summary>
    public SpeedSample? Speed { get; init; }

    /// <summary>What it has shown that it can do under the load of <see cref="Speed"/>.</summary>
    public double? ExpectedTokensPerSecond { get; init; }

    /// <summary>False: it computes on the CPU alone. There it uses processor time whenever it works, and shares it with everything else on the machine.</summary>
    public bool MayUseCards { get; init; }

    public ProbeOptions Options { get; init; } = new();
}

/// <summary>What is remembered of one engine process between two looks. Immutable: a judgement gives the next one.</summary>
/// <param name="Begun">When it was first looked at.</param>
internal sealed record EngineHistory(TimeSpan Begun)
{
    /// <summary>When something last came along: a token, a part of a prompt, the end of a request.</summary>
    public TimeSpan StepAt { get; init; } = Begun;

    /// <summary>When it was last seen to have used processor time.</summary>
    public TimeSpan CpuAt { get; init; } = Begun;

    public TimeSpan Cpu { get; init; }

    /// <summary>Since when we have looked in time.</summary>
    public TimeSpan WatchedSince { get; init; } = Begun;

    /// <summary>Looks in a row at which its process was held.</summary>
    public int StoppedLooks { get; init; }

    public EngineProgress? Progress { get; init; }

    /// <summary>Since when every measurement has been slow.</summary>
    public TimeSpan? SlowSince { get; init; }

    /// <summary>Since when every measurement has been very slow.</summary>
    public TimeSpan? VerySlowSince { get; init; }

    /// <summary>The newest measurement.</summary>
    public TimeSpan? MeasuredAt { get; init; }
}

/// <param name="Health">One of <see cref="ServiceDefaults.Contracts.Nodes.Healths"/>.</param>
/// <param name="Reasons">Why it is not ok, each with what to do.</param>
/// <param name="Fault">It is of no use as it is and has to be started again: why, without a full stop. Null: that would not help, or is not needed.</param>
internal sealed record EngineVerdict(string Health, IReadOnlyList<string> Reasons, string? Fault)
{
    public static EngineVerdict Ok { get; } = new(ServiceDefaults.Contracts.Nodes.Healths.Ok, [], null);
}
