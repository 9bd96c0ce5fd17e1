namespace Comox.FakeBackend;

/// <summary>One of the APIs that the fake speaks: what it refuses and how it words an answer.</summary>
internal sealed record FakeApi
{
    /// <summary>Why a real server would refuse the request, or null.</summary>
    public required Func<FakeBackendServer, FakeRequest, string?> FaultOf { get; init; }

    /// <summary>The events of a streamed answer.</summary>
    public required Func<FakeRequest, FakeScript, IEnumerable<string>> Events { get; init; }

    /// <summary>The body of an unstreamed answer.</summary>
    public required Func<FakeRequest, FakeScript, string> Whole { get; init; }

    /// <summary>The event that reports an error in the middle of a stream.</summary>
    public string ErrorEvent { get; init; } = """data: {"error":{"code":500,"message":"Context size has been exceeded.","type":"server_error"}}""";

    /// <summary>An event that is no JSON.</summary>
    public string Garbage { get; init; } = "data: {\"choices\":[{\"delta";

    /// <summary>Whether errors and keys are Anthropic's.</summary>
    public bool IsAnthropic { get; init; }
}
