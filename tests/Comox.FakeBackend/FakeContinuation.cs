using System.Text.Json;

namespace Comox.FakeBackend;

/// <summary>
/// vLLM's <c>continue_final_message</c>: the answer goes on exactly where the assistant's last message ends. The script is what a deterministic
/// model would say, so a partial text that is not its beginning is not this model's, and is refused.
/// </summary>
internal static class FakeContinuation
{
    public static string? FaultOf(FakeBackendServer server, FakeRequest request, JsonElement json, JsonElement[] messages)
    {
        if (!IsAsked(json))
        {
            server.NoteSystemPrompt(SystemPromptOf(messages));
            return null;
        }

        // vLLM's own check; add_generation_prompt is true unless it is said to be false.
        if (!json.TryGetProperty("add_generation_prompt", out var prompt) || prompt.ValueKind != JsonValueKind.False)
            return "Cannot set both `continue_final_message` and `add_generation_prompt` to True.";
        if (messages.Length == 0 || FakeJson.StringOf(messages[^1], "role") != "assistant")
            return "continue_final_message is set but the final message is not the assistant's";
        if (FakeJson.StringOf(messages[^1], "content") is not { } partial)
            return "continue_final_message is set but the final message has no text";
        if (server.FirstSystemPrompt is { } first && first != SystemPromptOf(messages))
            return "the system prompt differs from the first request's";
        var text = string.Concat(server.ScriptFor(request).Tokens);
        return text.StartsWith(partial, StringComparison.Ordinal) ? null : $"the final message is not how the answer begins: '{partial}'";
    }

    /// <summary>The tokens still to be said; one that was cut in the middle is finished first.</summary>
    public static IReadOnlyList<string> Rest(FakeRequest request, FakeScript script)
    {
        if (!IsAsked(request.Json) || FakeJson.ArrayOf(request.Json, "messages") is not { } messages)
            return script.Tokens;
        var said = FakeJson.StringOf(messages[^1], "content")!.Length;
        List<string> rest = [];
        foreach (var token in script.Tokens)
        {
            if (said < token.Length)
                rest.Add(token[said..]);
            said = Math.Max(0, said - token.Length);
        }

        return rest;
    }

    private static bool IsAsked(JsonElement json) => FakeJson.IsTrue(json, "continue_final_message");

    /// <summary>Every system message as the model sees it; parts of another shape as they stand.</summary>
    private static string SystemPromptOf(JsonElement[] messages) => string.Join('\0', messages
        .Where(message => FakeJson.StringOf(message, "role") is "system" or "developer")
        .Select(message => FakeJson.StringOf(message, "content") ?? (message.TryGetProperty("content", out var content) ? content.GetRawText() : "")));
}
