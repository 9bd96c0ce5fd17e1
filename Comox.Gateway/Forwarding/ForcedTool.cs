using System.Text;
using System.Text.Json;
using Comox.Gateway.OpenAI;

namespace Comox.Gateway.Forwarding;

/// <summary>
/// A tool that the client forces by its name, said to llama-server: there <c>tool_choice</c> is a word, and an object counts as <c>auto</c> (https://github.com/ggml-org/llama.cpp/issues/26535).
/// To offer that one tool alone, and to require a call, is the same.
/// </summary>
internal static class ForcedTool
{
    // As the body was read.
    private static readonly JsonDocumentOptions Deep = new() { MaxDepth = 512 };

    public static void SetIn(BodySplice splice, ChatCompletionRequest request)
    {
        var (choice, tools) = (request.ValueOf(ChatField.ToolChoice), request.ValueOf(ChatField.Tools));
        if (choice.IsEmpty || choice.Span[0] != '{' || tools.IsEmpty || tools.Span[0] != '[')
            return;
        using var forced = JsonDocument.Parse(choice, Deep);
        using var offered = JsonDocument.Parse(tools, Deep);
        // One that is not offered is the engine's to refuse.
        if (NameOf(forced.RootElement) is not { } name || offered.RootElement.EnumerateArray().FirstOrDefault(tool => NameOf(tool) == name) is not { ValueKind: JsonValueKind.Object } tool)
            return;
        splice.Set(ChatField.ToolChoice, "\"required\""u8.ToArray());
        splice.Set(ChatField.Tools, Encoding.UTF8.GetBytes($"[{tool.GetRawText()}]"));
    }

    // {"type":"function","function":{"name":"look",…}}, of a tool and of a choice.
    private static string? NameOf(JsonElement tool) =>
        tool.ValueKind == JsonValueKind.Object && tool.TryGetProperty("function"u8, out var function) && function.ValueKind == JsonValueKind.Object
        && function.TryGetProperty("name"u8, out var name) && name.ValueKind == JsonValueKind.String ? ChoiceFold.TextOf(name) : null;
}
