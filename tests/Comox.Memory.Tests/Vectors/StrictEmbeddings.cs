using System.Collections.Concurrent;
using System.Text.Json;
using Comox.TestKit;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace Comox.Memory.Tests.Vectors;

/// <summary>Stands in for the gateway's <c>POST /v1/embeddings</c>: takes what is documented and sent by us, and nothing else.</summary>
internal sealed class StrictEmbeddings : IAsyncDisposable
{
    private readonly ConcurrentQueue<string[]> _batches = [];
    private TestService _service = null!;

    public Uri Address => _service.Address;

    /// <summary>The texts of each request.</summary>
    public IReadOnlyList<string[]> Batches => [.. _batches];

    /// <summary>Answers instead: status and body for the texts of a request.</summary>
    public Func<string[], (int Status, string Body)>? Instead { get; set; }

    public bool IsStuck { get; set; }

    public static async Task<StrictEmbeddings> StartAsync()
    {
        var server = new StrictEmbeddings();
        server._service = await TestService.StartAsync(_ => { }, app => app.Run(server.AnswerAsync));
        return server;
    }

    /// <summary>The length of the text and its first letters: different texts, different vectors.</summary>
    public static float[] VectorOf(string text) => [text.Length, text[0], text[^1], 1];

    public static string BodyOf(IEnumerable<float[]> vectors) => JsonSerializer.Serialize(new
    {
        @object = "list",
        model = "tiny-embed",
        data = vectors.Select((vector, index) => new { @object = "embedding", index, embedding = vector }).Reverse(),
        usage = new { prompt_tokens = 3, total_tokens = 3 },
    });

    public ValueTask DisposeAsync() => _service.DisposeAsync();

    private async Task AnswerAsync(HttpContext http)
    {
        using var reader = new StreamReader(http.Request.Body);
        var body = await reader.ReadToEndAsync(http.RequestAborted);
        if (IsStuck)
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, http.RequestAborted);
        try
        {
            if ($"{http.Request.Method} {http.Request.Path}{http.Request.QueryString}" != "POST /v1/embeddings" || http.Request.Headers.Authorization != $"Bearer {TestService.ServiceKey}")
                throw new StrictRefusal(404, "not this");
            var asked = StrictJson.Parse(body).Only("the body", "model", "input");
            if (asked.Field("model").Text("model") != "tiny-embed")
                throw new StrictRefusal(404, "no such model");
            string[] texts = [.. asked.Field("input").List("input").Select(text => text.Text("input"))];
            _batches.Enqueue(texts);
            var (status, answer) = Instead?.Invoke(texts) ?? (200, BodyOf(texts.Select(VectorOf)));
            http.Response.StatusCode = status;
            http.Response.ContentType = "application/json";
            await http.Response.WriteAsync(answer);
        }
        catch (StrictRefusal refusal)
        {
            http.Response.StatusCode = refusal.Status;
            await http.Response.WriteAsync($$$"""{"error":{"message":"{{{refusal.Message}}}","type":"invalid_request_error","param":null,"code":"model_not_found"}}""");
        }
    }
}
