using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;

namespace Comox.FakeBackend;

/// <summary><c>/v1/embeddings</c>: a vector that depends on the text and on nothing else.</summary>
internal static class FakeEmbeddings
{
    public const int Dimensions = 8;

    public static FakeApi Api { get; } = new() { FaultOf = FaultOf, Events = (_, _) => throw new InvalidOperationException("Embeddings are not streamed."), Whole = Whole };

    public static float[] VectorOf(string text, int dimensions = Dimensions)
    {
        // FNV-1a, so that a test can tell one text's vector from another's.
        var hash = Encoding.UTF8.GetBytes(text).Aggregate(14695981039346656037UL, (sum, value) => (sum ^ value) * 1099511628211UL);
        return [.. Enumerable.Range(1, dimensions).Select(i => (hash * (ulong)i % 2001 / 1000f) - 1)];
    }

    private static string? FaultOf(FakeBackendServer server, FakeRequest request)
    {
        if (FakeJson.Read(request, out var json) is { } unreadable)
            return unreadable;
        if (FakeJson.StringOf(json, "model") is null)
            return "'model' is required";
        if (json.TryGetProperty("stream", out _))
            return "'stream' is not known here";
        if (FakeJson.StringOf(json, "encoding_format") is not (null or "float" or "base64"))
            return "'encoding_format' must be float or base64";
        if (json.TryGetProperty("dimensions", out _) && !FakeJson.IsCount(json, "dimensions"))
            return "'dimensions' must be above zero";
        return InputsOf(json) is { Length: > 0 } inputs && inputs.All(input => input.Length > 0) ? null : "'input' must not be empty";
    }

    private static string Whole(FakeRequest request, FakeScript script)
    {
        var json = request.Json;
        var size = json.TryGetProperty("dimensions", out var asked) ? asked.GetInt32() : Dimensions;
        var packed = FakeJson.StringOf(json, "encoding_format") == "base64";
        var inputs = InputsOf(json);
        var data = inputs.Select((text, i) => $$"""{"object":"embedding","index":{{i}},"embedding":{{Write(VectorOf(text, size), packed)}}}""");
        var model = FakeJson.Quote(FakeJson.StringOf(json, "model")!);
        return $$$"""{"object":"list","model":{{{model}}},"data":[{{{string.Join(',', data)}}}],"usage":{"prompt_tokens":{{{inputs.Length * 3}}},"total_tokens":{{{inputs.Length * 3}}}}}""";
    }

    private static string Write(float[] vector, bool packed) => packed
        ? $"\"{Convert.ToBase64String(MemoryMarshal.AsBytes<float>(vector))}\""
        : $"[{string.Join(',', vector.Select(value => value.ToString(CultureInfo.InvariantCulture)))}]";

    /// <summary>A text, texts, the tokens of a text, or those of several.</summary>
    private static string[] InputsOf(JsonElement json)
    {
        if (FakeJson.StringOf(json, "input") is { } text)
            return [text];
        var items = FakeJson.ArrayOf(json, "input") ?? [];
        if (items.Length > 0 && items.All(item => item.ValueKind == JsonValueKind.Number))
            return [string.Join(' ', items)];
        return [.. items.Select(item => item.ValueKind == JsonValueKind.String ? item.GetString()! : string.Join(' ', item.EnumerateArray()))];
    }
}
