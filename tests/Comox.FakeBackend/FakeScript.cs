namespace Comox.FakeBackend;

/// <summary>How the fake engine answers the next chat requests. Counts are in events: the role chunk is the first.</summary>
public sealed record FakeScript
{
    /// <summary>The reply, token by token.</summary>
    public IReadOnlyList<string> Tokens { get; init; } = ["Hello", " from", " the", " fake", "."];

    /// <summary>Functions it calls after the text; the finish reason "stop" then reads "tool_calls".</summary>
    public IReadOnlyList<FakeToolCall> ToolCalls { get; init; } = [];

    public string FinishReason { get; init; } = "stop";

    /// <summary>Events sent as they stand instead of everything that would be made of <see cref="Tokens"/>, each ended by a blank line.</summary>
    public IReadOnlyList<string>? RawEvents { get; init; }

    /// <summary>The body of an unstreamed answer as it stands.</summary>
    public string? RawBody { get; init; }

    /// <summary>An HTTP error instead of a stream.</summary>
    public int? FailWithStatus { get; init; }

    public string FailWithBody { get; init; } = """{"error":{"message":"scripted failure","type":"server_error","code":500}}""";

    /// <summary>The header of that name, beside an error.</summary>
    public string? RetryAfter { get; init; }

    /// <summary>Closes the connection without a byte.</summary>
    public bool DropBeforeHeaders { get; init; }

    /// <summary>Resets the connection (RST) without a byte.</summary>
    public bool ResetBeforeHeaders { get; init; }

    /// <summary>Takes the request and keeps silent for as long as the caller waits; <see cref="FakeBackendServer.Release"/> changes nothing.</summary>
    public bool NeverAnswers { get; init; }

    public TimeSpan FirstTokenDelay { get; init; }

    /// <summary>0: as fast as possible.</summary>
    public double TokensPerSecond { get; init; }

    /// <summary>Headers are not sent before <see cref="FakeBackendServer.Release"/>.</summary>
    public bool HoldHeaders { get; init; }

    /// <summary>Waits for <see cref="FakeBackendServer.Release"/> after so many events.</summary>
    public int? HoldAfter { get; init; }

    /// <summary>Closes the connection without the end of the body.</summary>
    public int? DropAfter { get; init; }

    /// <summary>Resets the connection (RST) when so many events are out.</summary>
    public int? ResetAfter { get; init; }

    /// <summary>Sends nothing more, and keeps the connection open.</summary>
    public int? HangAfter { get; init; }

    /// <summary>Sends an event that is no JSON.</summary>
    public int? GarbageAfter { get; init; }

    /// <summary>Sends llama-server's error event and ends without [DONE].</summary>
    public int? ErrorAfter { get; init; }

    /// <summary>Sends bytes without a line end for as long as somebody reads.</summary>
    public int? FloodAfter { get; init; }

    /// <summary>Ends without <c>[DONE]</c>.</summary>
    public bool OmitDone { get; init; }

    /// <summary>Keeps the connection open at the very end.</summary>
    public bool HangAtEnd { get; init; }

    /// <summary>Sends a comment so often while it holds or hangs.</summary>
    public TimeSpan? HeartbeatEvery { get; init; }
}
