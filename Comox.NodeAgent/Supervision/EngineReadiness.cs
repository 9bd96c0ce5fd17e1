namespace Comox.NodeAgent.Supervision;

/// <summary>
/// Asks a starting llama-server until it is ready. Its port opens after about 20 ms; until the model is loaded every path answers 503, and then
/// <c>GET /health</c> answers 200 (no key needed).
/// </summary>
internal sealed class EngineReadiness(HttpClient http, TimeProvider time)
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan LongestPause = TimeSpan.FromMilliseconds(500);

    public async Task WaitAsync(EngineEndpoint endpoint, CancellationToken cancellation)
    {
        for (var pause = FirstPause; ; pause = pause * 2 < LongestPause ? pause * 2 : LongestPause)
        {
            if (await IsReadyAsync(endpoint, cancellation))
                return;
            await Task.Delay(pause, time, cancellation);
        }
    }

    private async Task<bool> IsReadyAsync(EngineEndpoint endpoint, CancellationToken cancellation)
    {
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(endpoint.Address, "health"));
            using var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellation);
            return response.IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }
}
