using System.Globalization;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Comox.NodeAgent.SavedSlots;
using Comox.NodeAgent.Supervision;

namespace Comox.NodeAgent.Engines.LlamaCpp;

/// <summary><c>GET /slots</c> and <c>POST /slots/{id}?action=save|restore</c>, as llama.cpp 0.7.0 has them.</summary>
internal sealed class LlamaCppSlots(HttpClient http) : IEngineSlots
{
    public async Task<IReadOnlyList<EngineSlot>> ListAsync(EngineEndpoint engine, CancellationToken cancellation)
    {
        using var response = await SendAsync(engine, HttpMethod.Get, "slots", null, cancellation);
        return Parse(await response.Content.ReadAsByteArrayAsync(cancellation));
    }

    public async Task SaveAsync(EngineEndpoint engine, int slot, string file, CancellationToken cancellation) =>
        (await SendAsync(engine, HttpMethod.Post, Address(slot, "save"), $$"""{"filename":"{{file}}"}""", cancellation)).Dispose();

    public async Task RestoreAsync(EngineEndpoint engine, EngineSlot slot, string file, CancellationToken cancellation)
    {
        // A new slot is not in the list before its first request, so what it was given back would not be saved again; and it has no adapters, not even at scale 0,
        // and would drop what it holds at the first request that names some. So it first gets a short one, with the same.
        (await SendAsync(engine, HttpMethod.Post, "completion", Primer(slot), cancellation)).Dispose();
        (await SendAsync(engine, HttpMethod.Post, Address(slot.Id, "restore"), $$"""{"filename":"{{file}}"}""", cancellation)).Dispose();
    }

    /// <code>[{"id":0,"is_processing":false,"n_prompt_tokens":84,…,"params":{…,"lora":[{"id":0,"scale":1.0}]}},{"id":1,"is_processing":false,…}]</code>
    internal static IReadOnlyList<EngineSlot> Parse(ReadOnlyMemory<byte> answer)
    {
        using var json = JsonDocument.Parse(answer);
        var slots = new List<EngineSlot>();
        foreach (var slot in json.RootElement.EnumerateArray())
        {
            if (slot.GetProperty("is_processing").GetBoolean() || !slot.TryGetProperty("n_prompt_tokens", out var tokens) || tokens.GetInt32() is not (> 0 and var count))
                continue;
            var adapters = slot.TryGetProperty("params", out var asked) && asked.TryGetProperty("lora", out var list) && list.ValueKind == JsonValueKind.Array
                ? list.EnumerateArray().OrderBy(adapter => adapter.GetProperty("id").GetInt32()).Select(adapter => adapter.GetProperty("scale").GetDouble()).ToList()
                : [];
            slots.Add(new EngineSlot(slot.GetProperty("id").GetInt32(), count, adapters));
        }

        return slots;
    }

    private static string Primer(EngineSlot slot) => string.Create(
        CultureInfo.InvariantCulture,
        $$"""{"prompt":"a","n_predict":1,"id_slot":{{slot.Id}},"lora":[{{string.Join(',', slot.Adapters.Select((scale, id) => string.Create(CultureInfo.InvariantCulture, $$"""{"id":{{id}},"scale":{{scale}}}""")))}}]}""");

    private static string Address(int slot, string action) => string.Create(CultureInfo.InvariantCulture, $"slots/{slot}?action={action}");

    private async Task<HttpResponseMessage> SendAsync(EngineEndpoint engine, HttpMethod method, string path, string? body, CancellationToken cancellation)
    {
        using var request = new HttpRequestMessage(method, new Uri(engine.Address, path)) { Content = body is null ? null : new StringContent(body, Encoding.UTF8, "application/json") };
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", engine.Key);
        return (await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellation)).EnsureSuccessStatusCode();
    }
}
