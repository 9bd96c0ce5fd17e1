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

    // Last in the JSON: whoever looks for counters that are not zero reads on from here (eng/soak-gateway.sh does).
    public required GatewayLedger Ledger { get; init; }
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
