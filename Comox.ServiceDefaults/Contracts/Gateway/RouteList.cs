namespace Comox.ServiceDefaults.Contracts.Gateway;

/// <summary><c>GET /gateway/routes</c>: those of the settings first, then the other models of the fleet.</summary>
public sealed record RouteList(IReadOnlyList<RouteStatus> Data);

/// <summary>Where one model name is answered.</summary>
public sealed record RouteStatus
{
    public required string Model { get; init; }

    /// <summary>Name of the load balancing policy.</summary>
    public required string Policy { get; init; }

    /// <summary>Backends one request is sent to at the most.</summary>
    public required int MaxAttempts { get; init; }

    /// <summary>Whether any backend could answer.</summary>
    public required bool Ready { get; init; }

    /// <summary>Whether it is the one that speaks for characters; one at the most is.</summary>
    public bool Characters { get; init; }

    /// <summary>In the order in which they are asked.</summary>
    public required IReadOnlyList<PoolStatus> Pools { get; init; }
}

/// <summary>Interchangeable backends.</summary>
public sealed record PoolStatus(string Name, IReadOnlyList<BackendStatus> Backends);

/// <summary>One backend, as the gateway sees it. What nobody has measured is absent, never 0.</summary>
public sealed record BackendStatus
{
    public required string Id { get; init; }

    /// <summary><c>vllm</c>, <c>llama.cpp</c>, <c>openai</c> or <c>anthropic</c>.</summary>
    public required string Kind { get; init; }

    /// <summary>Scheme, host, port and path; no key and no query.</summary>
    public required string Address { get; init; }

    public required bool Ready { get; init; }

    /// <summary>Why it is not ready.</summary>
    public string? Reason { get; init; }

    /// <summary>False: others are asked while there are enough of them, for the reason in <see cref="NotWell"/>; an open circuit is told by <see cref="Circuit"/>.</summary>
    public required bool Well { get; init; }

    /// <summary>Why others are asked.</summary>
    public string? NotWell { get; init; }

    /// <summary>What its node agent thinks of it: <c>ok</c>, <c>degraded</c> (it gets half of its share) or <c>ejected</c>; absent without an agent.</summary>
    public string? Health { get; init; }

    /// <summary>The usual pause between two tokens of one stream, in seconds; absent while unknown.</summary>
    public double? TokenGapSeconds { get; init; }

    /// <summary>Its share of the work against its peers.</summary>
    public required double Weight { get; init; }

    /// <summary>The part of that share it gets at the moment, 0.1 to 1: below 1 while it comes back from a failure.</summary>
    public required double Ramp { get; init; }

    /// <summary><c>closed</c>: it is used; <c>open</c>: it is left alone; <c>half-open</c>: one request at a time finds out whether it is back.</summary>
    public required string Circuit { get; init; }

    /// <summary>Seconds until the next request may try an open circuit.</summary>
    public double? OpenForSeconds { get; init; }

    /// <summary>Requests it works on at once, where that is known.</summary>
    public int? Slots { get; init; }

    public required int InFlight { get; init; }
    public required int InFlightDecoding { get; init; }
    public required long OutstandingPromptTokens { get; init; }
    public required long OutstandingOutputTokens { get; init; }

    /// <summary>Seconds from sending to the first token of late, an exponentially weighted mean.</summary>
    public double? FirstTokenSeconds { get; init; }

    /// <summary>Prompt tokens a second, measured or else assumed.</summary>
    public required double PrefillTokensPerSecond { get; init; }

    /// <summary>How old is what the engine last said of itself.</summary>
    public double? TelemetryAgeSeconds { get; init; }
}

/// <summary><c>GET /gateway/keys</c>: who has a key in the settings. Never the keys.</summary>
public sealed record KeyList(IReadOnlyList<KeyName> Data);

/// <summary>A caller.</summary>
public sealed record KeyName(string Name);
