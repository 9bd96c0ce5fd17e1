using System.Text;
using System.Text.Json;

namespace Comox.FakeBackend;

/// <summary><c>/v1/chat/completions</c>. The chunks look like llama-server's.</summary>
internal static class FakeChat
{
    public static FakeApi Api { get; } = new() { FaultOf = FaultOf, Events = Events, Whole = Whole };

    private static string? FaultOf(FakeBackendServer server, FakeRequest request)
    {
        if (FakeJson.Read(request, out var json) is { } unreadable)
            return unreadable;
        if (FakeJson.ArrayOf(json, "messages") is not { } messages)
            return "'messages' is required";
        if (FakeJson.StringOf(json, "model") is null)
            return "'model' is required";
        return FakeJson.UnboundedFault(server, json) ?? ToolFault(messages) ?? FakeContinuation.FaultOf(server, request, json, messages);
    }

    /// <summary>OpenAI's words: an answer of a tool belongs to a call, and every call has its answer.</summary>
    private static string? ToolFault(JsonElement[] messages)
    {
        HashSet<string> open = [];
        foreach (var message in messages)
        {
            var role = FakeJson.StringOf(message, "role");
            if (role == "tool")
            {
                if (!open.Remove(FakeJson.StringOf(message, "tool_call_id") ?? ""))
                    return "messages with role 'tool' must be a response to a preceding message with 'tool_calls'";
                continue;
            }

            if (open.Count > 0)
                return "An assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id'";
            foreach (var call in FakeJson.ArrayOf(message, "tool_calls") ?? [])
                open.Add(FakeJson.StringOf(call, "id") ?? "");
        }

        return open.Count == 0 ? null : "An assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id'";
    }

    private static IEnumerable<string> Events(FakeRequest request, FakeScript script)
    {
        var tokens = FakeContinuation.Rest(request, script);
        var logprobs = FakeJson.IsTrue(request.Json, "logprobs");
        yield return Chunk("""{"role":"assistant","content":null}""", "null");
        foreach (var token in tokens)
            yield return Chunk($$"""{"content":{{FakeJson.Quote(token)}}}""", "null", logprobs ? $$""","logprobs":{"content":[{{Logprob(token)}}]}""" : "");
        for (var i = 0; i < script.ToolCalls.Count; i++)
        {
            // As real engines do: name first, then the arguments in pieces that are no JSON by themselves.
            var (call, half) = (script.ToolCalls[i], script.ToolCalls[i].Arguments.Length / 2);
            yield return Chunk($$$"""{"tool_calls":[{"index":{{{i}}},"id":"{{{call.Id}}}","type":"function","function":{"name":"{{{call.Name}}}","arguments":""}}]}""", "null");
            foreach (var piece in (string[])[call.Arguments[..half], call.Arguments[half..]])
                yield return Chunk($$$"""{"tool_calls":[{"index":{{{i}}},"function":{"arguments":{{{FakeJson.Quote(piece)}}}}}]}""", "null");
        }

        yield return Chunk("{}", $"\"{FinishOf(script)}\"");
        if (request.Json.TryGetProperty("stream_options", out var options) && FakeJson.IsTrue(options, "include_usage"))
            yield return "data: " + Frame("[]", "chat.completion.chunk", Usage(tokens.Count));
        if (!script.OmitDone)
            yield return "data: [DONE]";
    }

    private static string Whole(FakeRequest request, FakeScript script)
    {
        var tokens = FakeContinuation.Rest(request, script);
        var calls = string.Join(',', script.ToolCalls.Select(call =>
            $$$"""{"id":"{{{call.Id}}}","type":"function","function":{"name":"{{{call.Name}}}","arguments":{{{FakeJson.Quote(call.Arguments)}}}}}"""));
        var message = $$"""{"role":"assistant","content":{{FakeJson.Quote(string.Concat(tokens))}}{{(calls.Length > 0 ? $",\"tool_calls\":[{calls}]" : "")}}}""";
        var logprobs = FakeJson.IsTrue(request.Json, "logprobs") ? $$""","logprobs":{"content":[{{string.Join(',', tokens.Select(Logprob))}}]}""" : "";
        return Frame($$"""[{"finish_reason":"{{FinishOf(script)}}","index":0,"message":{{message}}{{logprobs}}}]""", "chat.completion", Usage(tokens.Count));
    }

    private static string FinishOf(FakeScript script) => script is { ToolCalls.Count: > 0, FinishReason: "stop" } ? "tool_calls" : script.FinishReason;

    private static string Usage(int tokens) => $$""","usage":{"completion_tokens":{{tokens}},"prompt_tokens":7,"total_tokens":{{tokens + 7}}}""";

    private static string Logprob(string token) =>
        $$"""{"token":{{FakeJson.Quote(token)}},"logprob":-0.5,"bytes":[{{string.Join(',', Encoding.UTF8.GetBytes(token))}}],"top_logprobs":[]}""";

    private static string Chunk(string delta, string finish, string more = "") =>
        "data: " + Frame($$"""[{"finish_reason":{{finish}},"index":0,"delta":{{delta}}{{more}}}]""", "chat.completion.chunk", "");

    private static string Frame(string choices, string kind, string more) => new StringBuilder("{\"choices\":").Append(choices)
        .Append(",\"created\":1795419634,\"id\":\"chatcmpl-fake\",\"model\":\"fake-model\",\"system_fingerprint\":\"fake\",\"object\":\"").Append(kind).Append('"')
        .Append(more).Append('}').ToString();
}
