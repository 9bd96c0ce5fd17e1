using System.Text.Json;
using Comox.Gateway.Forwarding;

namespace Comox.Gateway.Anthropic;

/// <summary>Arguments are a string in chat, and an object in Anthropic's API.</summary>
internal static class ToolInput
{
    /// <param name="arguments">What a model wrote; blank where the call takes nothing.</param>
    /// <param name="input">JSON of an object, spelled as the model spelled it.</param>
    public static bool TryParse(string arguments, out string input)
    {
        input = "{}";
        if (string.IsNullOrWhiteSpace(arguments))
            return true;
        try
        {
            using var document = JsonDocument.Parse(arguments, new JsonDocumentOptions { MaxDepth = ChunkScan.MaxDepth });
            input = arguments;
            return document.RootElement.ValueKind == JsonValueKind.Object;
        }
        catch (JsonException)
        {
            return false;
        }
    }
}
