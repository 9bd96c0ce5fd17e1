using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Comox.NodeAgent.Adapters;
using Comox.NodeAgent.Supervision;

namespace Comox.NodeAgent.Engines.VLlm;

/// <summary>vLLM loads adapters while it runs: <c>POST /v1/load_lora_adapter</c> and <c>/v1/unload_lora_adapter</c>. A request asks for one by its name as <c>model</c>.</summary>
internal sealed class VLlmAdapters(HttpClient http, TimeProvider time) : IAdapterUse
{
    // It reads the adapter's file meanwhile, from a slow disk perhaps.
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);

    // The ranks it can be started for.
    private static readonly int[] Ranks = [8, 16, 32, 64, 128, 256, 320, 512];

    public bool IsAtLaunch => false;

    public bool CanAdapt(string path) => true;

    public byte[]? Choice(IReadOnlyList<ChosenAdapter> all, ChosenAdapter? chosen) => null;

    public Task<string?> LoadAsync(EngineEndpoint engine, ChosenAdapter adapter, CancellationToken cancellation) => DoAsync(
        engine,
        "v1/load_lora_adapter",
        $$"""{"lora_name":"{{JavaScriptEncoder.Default.Encode(adapter.Name)}}","lora_path":"{{JavaScriptEncoder.Default.Encode(adapter.Path)}}"}""",
        (status, words) => status == HttpStatusCode.BadRequest && words.Contains("already been loaded", StringComparison.Ordinal),
        cancellation);

    public Task<string?> UnloadAsync(EngineEndpoint engine, ChosenAdapter adapter, CancellationToken cancellation) => DoAsync(
        engine,
        "v1/unload_lora_adapter",
        $$"""{"lora_name":"{{JavaScriptEncoder.Default.Encode(adapter.Name)}}"}""",
        (status, _) => status == HttpStatusCode.NotFound,
        cancellation);

    /// <summary>What it is started for; null: no adapter can be served.</summary>
    public static AdapterRoom? Room(EngineSpec engine, IReadOnlyList<ChosenAdapter> adapters)
    {
        var good = adapters.Where(adapter => adapter.IsGood).ToList();
        if (good.Count == 0)
            return null;
        var atOnce = engine.AdapterLimits.AtOnce ?? Math.Min(good.Count, 4);
        var rank = good.Max(adapter => adapter.Info!.Rank);
        return new AdapterRoom(atOnce, Math.Max(atOnce, engine.AdapterLimits.Held ?? Math.Min(good.Count, 16)), Ranks.FirstOrDefault(known => known >= rank, rank));
    }

    private async Task<string?> DoAsync(EngineEndpoint engine, string path, string body, Func<HttpStatusCode, string, bool> isDone, CancellationToken cancellation)
    {
        using var limit = new CancellationTokenSource(Limit, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, engine.WhenCut, cancellation);
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(engine.Address, path)) { Content = new StringContent(body, Encoding.UTF8, "application/json") };
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", engine.Key);
            using var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, both.Token);
            if (response.IsSuccessStatusCode)
                return null;
            var words = await response.Content.ReadAsStringAsync(both.Token);
            return isDone(response.StatusCode, words) ? null : MessageIn(words);
        }
        catch (Exception failed) when (failed is HttpRequestException or IOException or OperationCanceledException)
        {
            return failed is OperationCanceledException && !limit.IsCancellationRequested ? "the engine ended meanwhile" : "the engine did not answer";
        }
    }

    // {"error":{"message":"…"}}; of another answer the beginning.
    private static string MessageIn(string words)
    {
        try
        {
            using var json = JsonDocument.Parse(words);
            if (json.RootElement.ValueKind == JsonValueKind.Object && json.RootElement.TryGetProperty("error", out var error) && error.ValueKind == JsonValueKind.Object
                && error.TryGetProperty("message", out var message) && message.GetString() is { } said)
                return said.TrimEnd('.');
        }
        catch (JsonException)
        {
            // Told as it is.
        }

        return words.Length > 300 ? words[..300] : words;
    }
}
