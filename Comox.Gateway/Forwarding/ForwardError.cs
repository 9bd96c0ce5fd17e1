using Comox.ServiceDefaults;

namespace Comox.Gateway.Forwarding;

/// <summary>Where an exchange failed, and whose doing it was.</summary>
internal enum ForwardPlace
{
    /// <summary>The request names something that is not there, or says something we cannot do.</summary>
    Request,

    /// <summary>No backend can take the request.</summary>
    Backends,

    /// <summary>The memory service.</summary>
    Memory,

    /// <summary>Between the gateway and the node, before an answer.</summary>
    Connect,

    /// <summary>The engine answered with an error instead of a stream.</summary>
    EngineAnswer,

    /// <summary>The engine kept silent until the first-token timer ended.</summary>
    FirstToken,

    /// <summary>The engine's stream broke, fell silent or made no sense.</summary>
    EngineStream,

    /// <summary>The exchange took longer than it may, over all attempts.</summary>
    Total,

    /// <summary>The reply could not be made durable.</summary>
    Storage,

    /// <summary>The gateway stops.</summary>
    Stopping,

    /// <summary>A bug of ours.</summary>
    Gateway,
}

/// <summary>An expected failure on the way of one exchange: the place for us, the error for the client.</summary>
internal sealed record ForwardError(ForwardPlace Place, ApiError Error)
{
    /// <summary>The error is the engine's own and is passed on in its words.</summary>
    public bool FromEngine { get; init; }

    /// <summary>Seconds for which the backend itself asks to be left alone; what we tell clients without being told is no word of its.</summary>
    public int? AskedPause { get; init; }

    /// <summary>The event in which the engine itself tells of it in the middle of a stream; the client gets these very bytes.</summary>
    public ReadOnlyMemory<byte> Event { get; init; }
}
