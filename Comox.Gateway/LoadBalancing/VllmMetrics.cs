namespace Comox.Gateway.LoadBalancing;

/// <summary>
/// What vLLM says of itself on <c>/metrics</c> (https://docs.vllm.ai/en/stable/usage/metrics.html). One server may run several engines, each with series of its own
/// (<c>engine="0"</c>, <c>"1"</c>): requests are added up; of the caches, each full to its own part, the mean is taken.
/// <code>
/// vllm:num_requests_running{engine="0",model_name="m"} 3.0
/// vllm:num_requests_waiting_by_reason{engine="0",model_name="m",reason="capacity"} 2.0
/// vllm:kv_cache_usage_perc{engine="0",model_name="m"} 0.25
/// </code>
/// </summary>
internal static class VllmMetrics
{
    private static ReadOnlySpan<byte> Prefix => "vllm:"u8;

    /// <returns>Null when the page says nothing that we know.</returns>
    public static BackendTelemetry? Read(ReadOnlySpan<byte> page, long timestamp)
    {
        SampleSum running = default, waiting = default, full = default, usage = default, queries = default, hits = default;
        var samples = new PrometheusSamples(page);
        while (samples.Read())
        {
            if (!samples.Name.StartsWith(Prefix))
                continue;
            var name = samples.Name[Prefix.Length..];
            if (name.SequenceEqual("num_requests_running"u8))
                running.Add(samples.Value);
            else if (name.SequenceEqual("num_requests_waiting"u8))
                waiting.Add(samples.Value);
            else if (name.SequenceEqual("num_requests_waiting_by_reason"u8) && samples.Labels.IndexOf("reason=\"capacity\""u8) >= 0)
                full.Add(samples.Value);
            else if (name.SequenceEqual("kv_cache_usage_perc"u8))
                usage.Add(samples.Value);
            else if (name.SequenceEqual("prefix_cache_queries_total"u8))
                queries.Add(samples.Value);
            else if (name.SequenceEqual("prefix_cache_hits_total"u8))
                hits.Add(samples.Value);
        }

        var telemetry = new BackendTelemetry
        {
            Timestamp = timestamp,
            Running = running.Count,
            // The others wait for something of their own (an adapter, a remote cache): that is no congestion.
            Waiting = full.Count ?? waiting.Count,
            KvUsage = usage.Mean is <= 1 and var part ? part : null,
            PrefixTokens = queries.LongCount,
            PrefixHits = hits.LongCount,
        };
        return telemetry.IsEmpty ? null : telemetry;
    }
}
