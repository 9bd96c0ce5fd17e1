namespace Comox.FakeBackend;

/// <summary>Scripts of what goes wrong, in the words of the servers it goes wrong with.</summary>
public static class FakeFaults
{
    /// <summary>Closes the connection before a byte of the answer.</summary>
    public static FakeScript Drop { get; } = new() { DropBeforeHeaders = true };

    /// <summary>Resets the connection before a byte of the answer.</summary>
    public static FakeScript Reset { get; } = new() { ResetBeforeHeaders = true };

    /// <summary>Takes the request and never answers.</summary>
    public static FakeScript BlackHole { get; } = new() { NeverAnswers = true };

    public static FakeScript Unauthorized { get; } = Refusal(401, "Incorrect API key provided.", "invalid_request_error", "invalid_api_key");
    public static FakeScript OutOfCredit { get; } = Refusal(402, "Insufficient credits.", "insufficient_quota", "insufficient_quota");
    public static FakeScript Forbidden { get; } = Refusal(403, "You are not allowed to use this model.", "permission_error", "model_not_allowed");
    public static FakeScript QuotaExceeded { get; } = Refusal(429, "You exceeded your current quota.", "insufficient_quota", "insufficient_quota");

    /// <summary>Headers, then comments and nothing else.</summary>
    public static FakeScript HeartbeatsOnly(TimeSpan every) => new() { HangAfter = 0, HeartbeatEvery = every };

    /// <param name="retryAfter">Seconds or an HTTP date, as the header has it.</param>
    public static FakeScript RateLimited(string retryAfter) => Refusal(429, "Rate limit reached.", "requests", "rate_limit_exceeded") with { RetryAfter = retryAfter };

    /// <summary>Dies after so many events, as a killed engine: the connection is reset where <paramref name="reset"/> says so, else it ends.</summary>
    public static FakeScript KilledAfter(int events, bool reset = false) => reset ? new() { ResetAfter = events } : new() { DropAfter = events };

    private static FakeScript Refusal(int status, string message, string type, string code) => new()
    {
        FailWithStatus = status,
        FailWithBody = $$$"""{"error":{"message":"{{{message}}}","type":"{{{type}}}","param":null,"code":"{{{code}}}"}}""",
    };
}
