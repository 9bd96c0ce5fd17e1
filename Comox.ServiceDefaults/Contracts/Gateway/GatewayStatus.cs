namespace Comox.ServiceDefaults.Contracts.Gateway;

/// <summary><c>GET /gateway/status</c>.</summary>
public sealed record GatewayStatus
{
    public required string Version { get; init; }
    public required DateTimeOffset StartedAt { get; init; }

    /// <summary>It was asked to stop: <c>/health</c> is 503, and what is in flight may finish.</summary>
    public required bool Draining { get; init; }

    public required SettingsStatus Settings { get; init; }

    /// <summary>Second attempts (retries, fallbacks, continuations, hedges) that the whole gateway may make at this moment.</summary>
    public required int RetryBudgetLeft { get; init; }

    public required TrafficStatus Traffic { get; init; }

    /// <summary>What the engines last said of themselves: one for each backend that is asked, none where asking is switched off.</summary>
    public required IReadOnlyList<EngineTelemetry> Telemetry { get; init; }

    // Last in the JSON: whoever looks for counters that are not zero reads on from here (eng/soak-gateway.sh does).
    public required GatewayLedger Ledger { get; init; }
}

/// <summary>Who is connected, and what is being sent to them.</summary>
public sealed record TrafficStatus
{
    /// <summary>Connections of clients to this process, those included that wait for their next request.</summary>
    public required int OpenConnections { get; init; }

    public required RelayedReplies Relayed { get; init; }
}

/// <summary>Answers on their way from an engine to a client event by event, by what carries them at this moment.</summary>
public sealed record RelayedReplies
{
    /// <summary>A socket loop alone.</summary>
    public required int Linux { get; init; }

    /// <summary>The portable relay; also the beginning and the end of what a loop carries in between, and answers that are put together for a client who wants them whole.</summary>
    public required int Portable { get; init; }
}

/// <summary>What one engine last said of itself. What it has not said is absent, never 0.</summary>
public sealed record EngineTelemetry
{
    public required string Model { get; init; }
    public required string Backend { get; init; }

    /// <summary>How old it is; absent when the engine has never said anything.</summary>
    public double? AgeSeconds { get; init; }

    /// <summary>Whether routing goes by it: it is not too old.</summary>
    public required bool Used { get; init; }

    /// <summary>Requests being answered, whoever sent them.</summary>
    public int? Running { get; init; }

    /// <summary>Requests in the engine's own queue.</summary>
    public int? Waiting { get; init; }

    /// <summary>Part of the KV cache in use, 0 to 1.</summary>
    public double? KvUsage { get; init; }

    /// <summary>Part of all prompt tokens since the engine began that were in its prefix cache, 0 to 1.</summary>
    public double? PrefixHitRatio { get; init; }

    /// <summary>What went wrong when it was asked last.</summary>
    public string? Fault { get; init; }
}

/// <summary>Routes and keys in force, and what came of the last look at them. Also the answer to <c>POST /gateway/reload</c>.</summary>
public sealed record SettingsStatus
{
    /// <summary>Grows by one with every change that was taken.</summary>
    public required int Revision { get; init; }

    /// <summary>When the settings in force were read.</summary>
    public required DateTimeOffset LoadedAt { get; init; }

    /// <summary>When they were looked at last.</summary>
    public required DateTimeOffset ReadAt { get; init; }

    /// <summary>What is wrong with those read last; while there is anything, the ones before stay in force. Each names its key.</summary>
    public required IReadOnlyList<string> Faults { get; init; }
}

/// <summary>What is in flight. Every number is 0 when nobody waits for an answer.</summary>
public sealed record GatewayLedger
{
    /// <summary>Requests of clients that are not yet answered whole.</summary>
    public required int ActiveRequests { get; init; }

    /// <summary>Requests sent to backends; more than the active ones while one is hedged.</summary>
    public required int InFlight { get; init; }

    /// <summary>Those of them whose first token has come.</summary>
    public required int InFlightDecoding { get; init; }

    /// <summary>Prompt tokens sent and not yet read, without those predicted to be in a prefix cache. Estimated.</summary>
    public required long OutstandingPromptTokens { get; init; }

    /// <summary>Tokens that the requests in flight are expected to be answered with. Estimated.</summary>
    public required long OutstandingOutputTokens { get; init; }

    /// <summary>One for each backend and model; those that have left the settings are here for as long as something is in flight there.</summary>
    public required IReadOnlyList<LedgerEntry> Backends { get; init; }
}

/// <summary>The ledger of one backend for one model.</summary>
public sealed record LedgerEntry
{
    public required string Model { get; init; }
    public required string Backend { get; init; }
    public required int InFlight { get; init; }
    public required int InFlightDecoding { get; init; }
    public required long OutstandingPromptTokens { get; init; }
    public required long OutstandingOutputTokens { get; init; }
}
