using System.Text.Json;

namespace Comox.FakeBackend;

/// <summary><c>/v1/completions</c>, the API before chat.</summary>
internal static class FakeText
{
    public static FakeApi Api { get; } = new() { FaultOf = FaultOf, Events = Events, Whole = Whole };

    private static string? FaultOf(FakeBackendServer server, FakeRequest request)
    {
        if (FakeJson.Read(request, out var json) is { } unreadable)
            return unreadable;
        if (!json.TryGetProperty("prompt", out var prompt) || prompt.ValueKind is not (JsonValueKind.String or JsonValueKind.Array))
            return "'prompt' is required";
        if (json.TryGetProperty("messages", out _))
            return "'messages' belongs to /v1/chat/completions";
        return FakeJson.StringOf(json, "model") is null ? "'model' is required" : FakeJson.UnboundedFault(server, json);
    }

    private static IEnumerable<string> Events(FakeRequest request, FakeScript script)
    {
        foreach (var token in script.Tokens)
            yield return "data: " + Frame(FakeJson.Quote(token), "null", "");
        yield return "data: " + Frame("\"\"", $"\"{script.FinishReason}\"", "");
        if (request.Json.TryGetProperty("stream_options", out var options) && FakeJson.IsTrue(options, "include_usage"))
            yield return "data: " + $$"""{"id":"cmpl-fake","object":"text_completion","created":1795419634,"model":"fake-model","choices":[]{{Usage(script)}}}""";
        if (!script.OmitDone)
            yield return "data: [DONE]";
    }

    private static string Whole(FakeRequest request, FakeScript script) =>
        Frame(FakeJson.Quote(string.Concat(script.Tokens)), $"\"{script.FinishReason}\"", Usage(script));

    private static string Usage(FakeScript script) =>
        $$""","usage":{"completion_tokens":{{script.Tokens.Count}},"prompt_tokens":7,"total_tokens":{{script.Tokens.Count + 7}}}""";

    private static string Frame(string text, string finish, string more) =>
        $$"""{"id":"cmpl-fake","object":"text_completion","created":1795419634,"model":"fake-model","choices":[{"text":{{text}},"index":0,"logprobs":null,"finish_reason":{{finish}}}]{{more}}}""";
}
