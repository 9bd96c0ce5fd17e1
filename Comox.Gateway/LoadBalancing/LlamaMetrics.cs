using System.Text.Json;

namespace Comox.Gateway.LoadBalancing;

/// <summary>
/// What llama-server says of itself: its queue on <c>/metrics</c> (where it was started with <c>--metrics</c>), its cache on <c>/slots</c>, because there is no gauge of
/// the cache any more (https://github.com/ggml-org/llama.cpp/blob/master/tools/server/README.md):
/// <code>
/// llamacpp:requests_processing 1
/// llamacpp:requests_deferred 0
/// [{"id":0,"n_ctx":4096,"is_processing":true,"n_prompt_tokens":60,"n_prompt_tokens_processed":53,"next_token":[{"n_decoded":7}]},{"id":1,"n_ctx":4096,"is_processing":false}]
/// </code>
/// </summary>
internal static class LlamaMetrics
{
    private static ReadOnlySpan<byte> Prefix => "llamacpp:"u8;

    /// <param name="metrics">Empty when it was not told.</param>
    /// <param name="slots">Empty when it was not told.</param>
    /// <param name="timestamp">When it was true.</param>
    /// <returns>Null when neither says anything that we know.</returns>
    public static BackendTelemetry? Read(ReadOnlySpan<byte> metrics, ReadOnlyMemory<byte> slots, long timestamp)
    {
        SampleSum running = default, waiting = default, read = default, cached = default;
        var samples = new PrometheusSamples(metrics);
        while (samples.Read())
        {
            if (!samples.Name.StartsWith(Prefix))
                continue;
            var name = samples.Name[Prefix.Length..];
            if (name.SequenceEqual("requests_processing"u8))
                running.Add(samples.Value);
            else if (name.SequenceEqual("requests_deferred"u8))
                waiting.Add(samples.Value);
            else if (name.SequenceEqual("prompt_tokens_total"u8))
                read.Add(samples.Value);
            else if (name.SequenceEqual("prompt_tokens_cached_total"u8))
                cached.Add(samples.Value);
        }

        var (busy, usage) = ReadSlots(slots);
        var telemetry = new BackendTelemetry
        {
            Timestamp = timestamp,
            Running = running.Count ?? busy,
            Waiting = waiting.Count,
            KvUsage = usage,
            // The first counter is without the cached ones.
            PrefixTokens = read.LongCount + cached.LongCount,
            PrefixHits = cached.LongCount,
        };
        return telemetry.IsEmpty ? null : telemetry;
    }

    /// <summary>
    /// Slots at work, and the part of all slots' context that those fill: <c>n_prompt_tokens</c> grows with every token that is decoded (seen in b11669). What an idle slot still
    /// remembers does not count: the next request may have its room.
    /// </summary>
    private static (int? Busy, double? Usage) ReadSlots(ReadOnlyMemory<byte> json)
    {
        if (json.IsEmpty)
            return default;
        try
        {
            using var slots = JsonDocument.Parse(json);
            if (slots.RootElement.ValueKind != JsonValueKind.Array || slots.RootElement.GetArrayLength() == 0)
                return default;
            int? busy = 0;
            long? room = 0, filled = 0;
            foreach (var slot in slots.RootElement.EnumerateArray())
            {
                if (IsProcessing(slot) is not { } isBusy)
                    return default;
                room += NumberOf(slot, "n_ctx"u8);
                if (!isBusy)
                    continue;
                busy++;
                filled += NumberOf(slot, "n_prompt_tokens"u8);
            }

            return (busy, filled is { } tokens && room is > 0 and var all ? Math.Min(1, (double)tokens / all) : null);
        }
        catch (JsonException)
        {
            return default;
        }
    }

    private static bool? IsProcessing(JsonElement slot) => slot.ValueKind == JsonValueKind.Object && slot.TryGetProperty("is_processing"u8, out var value)
        ? value.ValueKind switch { JsonValueKind.True => true, JsonValueKind.False => false, _ => null }
        : null;

    private static long? NumberOf(JsonElement parent, ReadOnlySpan<byte> name) =>
        parent.ValueKind == JsonValueKind.Object && parent.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out var number) && number >= 0
            ? number
            : null;
}
