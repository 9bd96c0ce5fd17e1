namespace Comox.ServiceDefaults.Contracts.Memory;

/// <summary><c>GET /memory/status</c>: how far the work in the background is.</summary>
public sealed record MemoryStatus(IReadOnlyList<WorkerStatus> Workers);

public sealed record WorkerStatus
{
    /// <summary><c>extract</c>, <c>summarize</c>, …</summary>
    public required string Name { get; init; }

    /// <summary>Whether it has a model for its role. One without reads nothing, nothing waits for it, and what it has not read is not counted.</summary>
    public required bool Enabled { get; init; }

    public required int SessionsBehind { get; init; }

    /// <summary>Events of the logs that it has not looked at.</summary>
    public required int EventsBehind { get; init; }

    /// <summary>Sessions whose next piece of work has failed and is tried again later.</summary>
    public required int SessionsFailing { get; init; }

    /// <summary>When the session that has waited longest was last changed; null where none waits.</summary>
    public DateTimeOffset? Oldest { get; init; }
}
