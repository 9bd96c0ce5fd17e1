using System.Net.Http.Headers;
using System.Text.Json;
using Comox.NodeAgent.Supervision;

namespace Comox.NodeAgent.Health.Engines;

/// <summary>Our own requests to engines: none waits behind the proxy's, and none has a limit of its own.</summary>
internal sealed class EngineQuestions : IDisposable
{
    private readonly HttpClient _http = new(new SocketsHttpHandler
    {
        UseProxy = false,
        UseCookies = false,
        AllowAutoRedirect = false,
        ConnectTimeout = TimeSpan.FromSeconds(2),

        // llama-server closes an idle connection after 5 s; the next question is at most a second away.
        PooledConnectionIdleTimeout = TimeSpan.FromSeconds(4),
    })
    {
        Timeout = Timeout.InfiniteTimeSpan,
    };

    public async Task<byte[]> GetAsync(EngineEndpoint endpoint, string path, CancellationToken cancellation)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(endpoint.Address, path));
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", endpoint.Key);
        using var response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellation);
        return await response.EnsureSuccessStatusCode().Content.ReadAsByteArrayAsync(cancellation);
    }

    /// <returns>Tokens that were written; 0 for an answer without any, an error included.</returns>
    public async Task<int> TryChatAsync(EngineEndpoint endpoint, string model, CancellationToken cancellation)
    {
        var name = JsonSerializer.Serialize(model, QuestionJson.Default.String);
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(endpoint.Address, "v1/chat/completions"))
        {
            Content = new ByteArrayContent(System.Text.Encoding.UTF8.GetBytes(
                $$"""{"model":{{name}},"messages":[{"role":"user","content":"Say yes."}],"max_tokens":{{EngineHealth.TrialTokens}},"temperature":0,"stream":false}""")),
        };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", endpoint.Key);
        using var response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellation);
        if (!response.IsSuccessStatusCode)
            return 0;
        using var answer = JsonDocument.Parse(await response.Content.ReadAsByteArrayAsync(cancellation));
        return answer.RootElement.TryGetProperty("usage", out var usage) && usage.TryGetProperty("completion_tokens", out var tokens) ? tokens.GetInt32() : 0;
    }

    public void Dispose() => _http.Dispose();
}

[System.Text.Json.Serialization.JsonSerializable(typeof(string))]
internal sealed partial class QuestionJson : System.Text.Json.Serialization.JsonSerializerContext;
