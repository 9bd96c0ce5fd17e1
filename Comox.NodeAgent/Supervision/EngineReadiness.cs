using System.Net.Http.Headers;
using System.Text.Json;
using Comox.ServiceDefaults.Contracts.OpenAI;

namespace Comox.NodeAgent.Supervision;

/// <summary>
/// Asks a starting engine until it is ready. llama-server's port opens after about 20 ms, and until the model is loaded every path answers 503; vLLM's port
/// stays closed until then. Then <c>GET /health</c> answers 200 (no key needed). Whether it is ours that answers there, <c>GET /v1/models</c> tells: another program may have taken
/// the port between our choice of it and the engine's start, and only ours takes our key and has our model's name.
/// </summary>
internal sealed class EngineReadiness(HttpClient http, TimeProvider time)
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan LongestPause = TimeSpan.FromMilliseconds(500);

    // An answer that hangs is "not yet": the next connection may be served.
    private static readonly TimeSpan ProbeLimit = TimeSpan.FromSeconds(5);

    public async Task WaitAsync(EngineEndpoint endpoint, string model, CancellationToken cancellation)
    {
        for (var pause = FirstPause; ; pause = pause * 2 < LongestPause ? pause * 2 : LongestPause)
        {
            if (await IsReadyAsync(endpoint, model, cancellation))
                return;
            await Task.Delay(pause, time, cancellation);
        }
    }

    private async Task<bool> IsReadyAsync(EngineEndpoint endpoint, string model, CancellationToken cancellation)
    {
        using var limit = new CancellationTokenSource(ProbeLimit, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellation);
        try
        {
            using var health = await GetAsync(endpoint, "health", both.Token);
            return health.IsSuccessStatusCode && await IsOursAsync(endpoint, model, both.Token);
        }
        catch (Exception notYet) when (notYet is HttpRequestException or IOException or JsonException
            || (notYet is OperationCanceledException && !cancellation.IsCancellationRequested))
        {
            return false;
        }
    }

    private async Task<bool> IsOursAsync(EngineEndpoint endpoint, string model, CancellationToken cancellation)
    {
        using var response = await GetAsync(endpoint, "v1/models", cancellation);
        if (!response.IsSuccessStatusCode)
            return false;
        await using var body = await response.Content.ReadAsStreamAsync(cancellation);
        var served = await JsonSerializer.DeserializeAsync(body, OpenAIJson.Default.ModelList, cancellation);
        return served?.Data?.Any(card => card.Id == model) == true;
    }

    private async Task<HttpResponseMessage> GetAsync(EngineEndpoint endpoint, string path, CancellationToken cancellation)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(endpoint.Address, path));
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", endpoint.Key);
        return await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellation);
    }
}
