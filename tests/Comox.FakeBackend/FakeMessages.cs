using System.Text.Json;

namespace Comox.FakeBackend;

/// <summary>
/// Anthropic's <c>/v1/messages</c>: https://platform.claude.com/docs/en/api/messages, and /versioning for what the newer version refuses.
/// </summary>
internal static class FakeMessages
{
    private const string First = "2023-06-01";
    private const string Second = "2026-10-21";

    public static FakeApi Api { get; } = new()
    {
        FaultOf = FaultOf,
        Events = Events,
        Whole = Whole,
        ErrorEvent = Event("error", """{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"""),
        Garbage = "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index",
        IsAnthropic = true,
    };

    private static string? FaultOf(FakeBackendServer server, FakeRequest request)
    {
        if (request.Headers.GetValueOrDefault("anthropic-version") is not ((First or Second) and var version))
            return "anthropic-version: a known version is required";
        if (FakeJson.Read(request, out var json) is { } unreadable)
            return unreadable;
        if (FakeJson.StringOf(json, "model") is null)
            return "model: Field required";
        if (!FakeJson.IsCount(json, "max_tokens"))
            return "max_tokens: Field required";
        if (FakeJson.ArrayOf(json, "messages") is not { Length: > 0 } messages)
            return "messages: at least one message is required";
        if (json.TryGetProperty("temperature", out var temperature) && temperature.GetDouble() is < 0 or > 1)
            return "temperature: range: 0..1";
        if (version == Second && VersionFault(json, messages) is { } removed)
            return removed;
        foreach (var foreign in (string[])["stream_options", "max_completion_tokens", "n", "frequency_penalty", "presence_penalty", "logprobs", "response_format", "user", "seed"])
        {
            if (json.TryGetProperty(foreign, out _))
                return $"{foreign}: Extra inputs are not permitted";
        }

        if (FakeJson.StringOf(messages[0], "role") != "user")
            return "messages: first message must use the \"user\" role";
        return MessagesFault(messages);
    }

    private static string? VersionFault(JsonElement json, JsonElement[] messages)
    {
        foreach (var removed in (string[])["temperature", "top_p", "top_k"])
        {
            if (json.TryGetProperty(removed, out _))
                return $"{removed}: Extra inputs are not permitted";
        }

        var documents = messages.Where(message => FakeJson.StringOf(message, "role") == "assistant")
            .SelectMany(message => FakeJson.ArrayOf(message, "content") ?? []).Any(block => FakeJson.StringOf(block, "type") == "document");
        return documents ? "messages: `document` blocks are not permitted in assistant messages" : null;
    }

    private static string? MessagesFault(JsonElement[] messages)
    {
        HashSet<string> open = [];
        for (var i = 0; i < messages.Length; i++)
        {
            if (FakeJson.StringOf(messages[i], "role") is not ("user" or "assistant"))
                return $"messages: Unexpected role at {i}. The Messages API accepts a top-level `system` parameter";
            var blocks = FakeJson.ArrayOf(messages[i], "content") ?? [];
            if (blocks.Length == 0 && string.IsNullOrEmpty(FakeJson.StringOf(messages[i], "content")))
                return $"messages.{i}: all messages must have non-empty content";
            if (blocks.Any(block => FakeJson.StringOf(block, "type") == "text" && string.IsNullOrEmpty(FakeJson.StringOf(block, "text"))))
                return $"messages.{i}: text content blocks must be non-empty";
            foreach (var result in blocks.Where(block => FakeJson.StringOf(block, "type") == "tool_result"))
            {
                if (!open.Remove(FakeJson.StringOf(result, "tool_use_id") ?? ""))
                    return $"messages.{i}: unexpected `tool_use_id` found in `tool_result` blocks";
            }

            if (open.Count > 0)
                return $"messages.{i}: `tool_use` ids were found without `tool_result` blocks immediately after";
            open.UnionWith(blocks.Where(block => FakeJson.StringOf(block, "type") == "tool_use").Select(block => FakeJson.StringOf(block, "id") ?? ""));
        }

        return open.Count == 0 ? null : "messages: `tool_use` ids were found without `tool_result` blocks immediately after";
    }

    private static IEnumerable<string> Events(FakeRequest request, FakeScript script)
    {
        yield return Event("message_start", $$"""{"type":"message_start","message":{{Message("", "null", 1)}}}""");
        var index = 0;
        if (script.Tokens.Count > 0)
        {
            yield return Event("content_block_start", """{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}""");
            yield return Event("ping", """{"type": "ping"}""");
            foreach (var token in script.Tokens)
                yield return Event("content_block_delta", $$$"""{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":{{{FakeJson.Quote(token)}}}}}""");
            yield return Event("content_block_stop", """{"type":"content_block_stop","index":0}""");
            index++;
        }

        foreach (var call in script.ToolCalls)
        {
            yield return Event("content_block_start", $$$$"""{"type":"content_block_start","index":{{{{index}}}},"content_block":{"type":"tool_use","id":"{{{{call.Id}}}}","name":"{{{{call.Name}}}}","input":{},"caller":{"type":"direct"}}}""");
            var half = call.Arguments.Length / 2;
            foreach (var piece in (string[])["", call.Arguments[..half], call.Arguments[half..]])
                yield return Event("content_block_delta", $$$"""{"type":"content_block_delta","index":{{{index}}},"delta":{"type":"input_json_delta","partial_json":{{{FakeJson.Quote(piece)}}}}}""");
            yield return Event("content_block_stop", $$"""{"type":"content_block_stop","index":{{index++}}}""");
        }

        yield return Event("message_delta", $$$"""{"type":"message_delta","delta":{"stop_reason":"{{{StopOf(script)}}}","stop_sequence":null},"usage":{"output_tokens":{{{script.Tokens.Count}}}}}""");
        if (!script.OmitDone)
            yield return Event("message_stop", """{"type":"message_stop"}""");
    }

    private static string Whole(FakeRequest request, FakeScript script)
    {
        List<string> blocks = [];
        if (script.Tokens.Count > 0)
            blocks.Add($$"""{"type":"text","text":{{FakeJson.Quote(string.Concat(script.Tokens))}}}""");
        blocks.AddRange(script.ToolCalls.Select(call =>
            $$$"""{"type":"tool_use","id":"{{{call.Id}}}","name":"{{{call.Name}}}","input":{{{call.Arguments}}},"caller":{"type":"direct"}}"""));
        return Message(string.Join(',', blocks), $"\"{StopOf(script)}\"", script.Tokens.Count);
    }

    private static string StopOf(FakeScript script) => script.FinishReason switch
    {
        "stop" => script.ToolCalls.Count > 0 ? "tool_use" : "end_turn",
        "length" => "max_tokens",
        var own => own,
    };

    private static string Message(string blocks, string stop, int tokens) =>
        $$$"""{"id":"msg_fake","type":"message","role":"assistant","model":"fake-model","content":[{{{blocks}}}],"stop_reason":{{{stop}}},"stop_sequence":null,"usage":{"input_tokens":7,"cache_creation_input_tokens":0,"cache_read_input_tokens":0,"output_tokens":{{{tokens}}}}}""";

    private static string Event(string name, string data) => $"event: {name}\ndata: {data}";
}
