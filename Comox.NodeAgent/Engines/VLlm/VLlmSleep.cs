using System.Net.Http.Headers;
using System.Text.Json;
using Comox.NodeAgent.Supervision;

namespace Comox.NodeAgent.Engines.VLlm;

/// <summary>vLLM's sleep of level 1: the weights go to the machine's memory, the cache is dropped, the process stays.</summary>
internal sealed class VLlmSleep(HttpClient http, TimeProvider time) : IEngineSleep
{
    // Gigabytes are copied in either direction, through a slow bus perhaps.
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);

    public Task<bool> SleepAsync(EngineEndpoint engine, CancellationToken cancellation) => DoAsync(engine, "sleep?level=1", wanted: true, cancellation);

    public Task<bool> WakeAsync(EngineEndpoint engine, CancellationToken cancellation) => DoAsync(engine, "wake_up", wanted: false, cancellation);

    // It has answered before the work is done in some versions, so what it says of itself counts.
    private async Task<bool> DoAsync(EngineEndpoint engine, string path, bool wanted, CancellationToken cancellation)
    {
        using var limit = new CancellationTokenSource(Limit, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellation);
        try
        {
            using var response = await SendAsync(HttpMethod.Post, engine, path, both.Token);
            if (!response.IsSuccessStatusCode)
                return false;
            while (await IsSleepingAsync(engine, both.Token) is { } sleeping)
            {
                if (sleeping == wanted)
                    return true;
                await Task.Delay(TimeSpan.FromMilliseconds(50), time, both.Token);
            }

            return false;
        }
        catch (Exception failed) when (failed is HttpRequestException or IOException or JsonException || (failed is OperationCanceledException && !cancellation.IsCancellationRequested))
        {
            return false;
        }
    }

    private async Task<bool?> IsSleepingAsync(EngineEndpoint engine, CancellationToken cancellation)
    {
        using var response = await SendAsync(HttpMethod.Get, engine, "is_sleeping", cancellation);
        if (!response.IsSuccessStatusCode)
            return null;
        await using var body = await response.Content.ReadAsStreamAsync(cancellation);
        using var json = await JsonDocument.ParseAsync(body, cancellationToken: cancellation);
        return json.RootElement.ValueKind == JsonValueKind.Object && json.RootElement.TryGetProperty("is_sleeping", out var says) ? says.ValueKind == JsonValueKind.True : null;
    }

    private async Task<HttpResponseMessage> SendAsync(HttpMethod method, EngineEndpoint engine, string path, CancellationToken cancellation)
    {
        using var request = new HttpRequestMessage(method, new Uri(engine.Address, path));
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", engine.Key);
        return await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellation);
    }
}
