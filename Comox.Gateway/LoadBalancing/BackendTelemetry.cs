namespace Comox.Gateway.LoadBalancing;

/// <summary>What an engine said about itself. Null is unknown and never zero: an engine that does not tell its queue is not an idle one.</summary>
internal sealed record BackendTelemetry
{
    /// <summary>When it was true: a timestamp of the time provider.</summary>
    public required long Timestamp { get; init; }

    /// <summary>Requests being answered.</summary>
    public int? Running { get; init; }

    /// <summary>Requests in the engine's own queue.</summary>
    public int? Waiting { get; init; }

    /// <summary>Part of the KV cache in use, 0 to 1.</summary>
    public double? KvUsage { get; init; }

    /// <summary>Prompt tokens since the engine began that were looked for in its prefix cache. Shown to people; routing goes by what each answer says of its own prompt.</summary>
    public long? PrefixTokens { get; init; }

    /// <summary>Those of them that were found.</summary>
    public long? PrefixHits { get; init; }

    /// <summary>Nothing is known.</summary>
    public bool IsEmpty => Running is null && Waiting is null && KvUsage is null && PrefixTokens is null && PrefixHits is null;
}

/// <summary>
/// Telemetry and what our own ledger said when it came. The difference is the load that others bring, and only that may be added to the ledger: the sum of both
/// would count our requests twice, and the telemetry alone is a second old, by which time a whole burst may have followed it to the same backend.
/// </summary>
internal sealed class ForeignLoad
{
    public ForeignLoad(BackendTelemetry telemetry, int ours)
    {
        Telemetry = telemetry;
        if (telemetry.Running is null && telemetry.Waiting is null)
            return;
        var others = Math.Max(0, (telemetry.Running ?? 0) + (telemetry.Waiting ?? 0) - ours);
        Requests = others;
        // Who of the queue is ours cannot be told; a queue is served in order, so the others' requests are taken to be at its end.
        Waiting = Math.Min(others, telemetry.Waiting ?? 0);
    }

    public BackendTelemetry Telemetry { get; }

    /// <summary>Requests of others, running or waiting; null when unknown.</summary>
    public int? Requests { get; }

    /// <summary>Those of them that have not begun.</summary>
    public int Waiting { get; }
}
