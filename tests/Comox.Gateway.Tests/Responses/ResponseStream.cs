using System.Buffers;
using System.Text;
using System.Text.Json;
using Comox.Gateway.Forwarding;
using Comox.Gateway.OpenAI.Responses;
using Comox.ServiceDefaults.Contracts.OpenAI;

namespace Comox.Gateway.Tests.Responses;

/// <summary>Runs chunks through a dialect and reads what comes out as strictly as any client could.</summary>
internal sealed class ResponseStream
{
    public const string Id = "resp_0193";
    public const long Created = 1_700_000_000;

    private ResponseStream(string wire)
    {
        Wire = wire;
        Assert.EndsWith("\n\n", wire);
        foreach (var sse in wire[..^2].Split("\n\n"))
        {
            var lines = sse.Split('\n');
            Assert.Equal(2, lines.Length);
            Assert.StartsWith("event: ", lines[0]);
            Assert.StartsWith("data: ", lines[1]);
            var data = JsonDocument.Parse(lines[1][6..]).RootElement;
            Assert.Equal(lines[0][7..], data.GetProperty("type").GetString());
            Events.Add(data);
        }
    }

    public string Wire { get; }
    public List<JsonElement> Events { get; } = [];
    public IEnumerable<string> Types => Events.Select(data => data.GetProperty("type").GetString()!);

    /// <summary>The response in the last event.</summary>
    public JsonElement Response => Events[^1].GetProperty("response");

    public static ResponsesDialect Dialect(string request = """{"model":"m","input":"Hi"}""") => new(ResponsesRequestTests.Read(request).Echo, Id, Created);

    public static ResponseStream Of(params IEnumerable<string> chunks) => Run(chunks, error: null);

    public static ResponseStream Broken(ApiErrorDetail error, params IEnumerable<string> chunks) => Run(chunks, error);

    /// <summary>The unstreamed answer, from the same chunks folded as the gateway folds them.</summary>
    public static JsonElement Whole(params IEnumerable<string> chunks)
    {
        var fold = new CompletionFold();
        foreach (var chunk in chunks)
            fold.Add(Encoding.UTF8.GetBytes(chunk));
        return WholeOf(fold.ToUtf8Json());
    }

    public static JsonElement WholeOf(ReadOnlyMemory<byte> completion)
    {
        var output = new ArrayBufferWriter<byte>();
        Dialect().WriteWhole(completion, output);
        return JsonDocument.Parse(output.WrittenMemory).RootElement;
    }

    public static string Delta(string delta, string? finish = null, string more = "") =>
        $$"""{"id":"chatcmpl-1","object":"chat.completion.chunk","created":1,"model":"weights.gguf","choices":[{"finish_reason":{{(finish is null ? "null" : $"\"{finish}\"")}},"index":0,"delta":{{delta}}{{more}}}]}""";

    public static string Text(string text) => Delta($$"""{"content":{{JsonSerializer.Serialize(text)}}}""");

    public IEnumerable<JsonElement> Of(string type) => Events.Where(data => data.GetProperty("type").GetString() == type);

    private static ResponseStream Run(IEnumerable<string> chunks, ApiErrorDetail? error)
    {
        var output = new ArrayBufferWriter<byte>();
        var dialect = Dialect();
        foreach (var chunk in chunks)
            dialect.WriteChunk(Encoding.UTF8.GetBytes(chunk), output);
        if (error is null)
            dialect.WriteEnd(output);
        else
            dialect.WriteStreamError(error, output);
        return new ResponseStream(Encoding.UTF8.GetString(output.WrittenSpan));
    }
}
