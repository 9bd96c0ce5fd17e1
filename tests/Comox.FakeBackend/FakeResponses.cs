using System.Text.Json;

namespace Comox.FakeBackend;

/// <summary><c>/v1/responses</c>: what a script gives as it stands (<see cref="FakeScript.RawEvents"/>, <see cref="FakeScript.RawBody"/>), nothing else.</summary>
internal static class FakeResponses
{
    public static FakeApi Api { get; } = new()
    {
        FaultOf = FaultOf,
        Events = (_, _) => throw new InvalidOperationException("A streamed response needs a script with RawEvents."),
        Whole = (_, _) => throw new InvalidOperationException("A whole response needs a script with RawBody."),
    };

    private static string? FaultOf(FakeBackendServer server, FakeRequest request)
    {
        if (FakeJson.Read(request, out var json) is { } unreadable)
            return unreadable;
        if (FakeJson.StringOf(json, "model") is null)
            return "Missing required parameter: 'model'.";
        foreach (var foreign in (string[])["messages", "max_tokens", "n"])
        {
            if (json.TryGetProperty(foreign, out _))
                return $"Unknown parameter: '{foreign}'.";
        }

        return json.TryGetProperty("input", out var input) && input.ValueKind is (JsonValueKind.String or JsonValueKind.Array) ? null : "Missing required parameter: 'input'.";
    }
}
