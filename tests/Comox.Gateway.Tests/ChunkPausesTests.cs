using Comox.Gateway.Diagnostics;
using Comox.Gateway.Diagnostics.Prometheus;

namespace Comox.Gateway.Tests;

/// <summary>Pauses that are added up for one chat and merged stand in the same buckets as pauses that are recorded one by one.</summary>
public sealed class ChunkPausesTests
{
    private static readonly double[] Bounds = [.. Enumerable.Range(0, 14).Select(n => 0.01 * (1 << n))];

    [Fact]
    public void Merged_and_recorded_pauses_stand_in_the_same_buckets()
    {
        var time = TimeProvider.System;
        var unit = time.TimestampFrequency / 100;
        long[] ticks = [0, 1, unit - 1, unit, unit + 1, 2 * unit, (2 * unit) + 1, 3 * unit, 4 * unit, 5 * unit, 8191 * unit, 8192 * unit, (8192 * unit) + 1, 1_000_000 * unit];
        var pauses = new ChunkPauses(time);
        var merged = new MetricSeries("", Bounds);
        var recorded = new MetricSeries("", Bounds);

        foreach (var pause in ticks)
        {
            pauses.Add(pause);
            recorded.Observe((double)pause / time.TimestampFrequency);
        }

        merged.Merge(pauses.Counts, pauses.Seconds);
        Assert.Equal(recorded.Buckets(), merged.Buckets());
        Assert.Equal(recorded.Value, merged.Value, 6);
    }

    [Fact]
    public async Task The_pauses_of_a_chat_are_on_the_metrics_page_when_it_is_over()
    {
        await using var gateway = await GatewayUnderTest.StartAsync();

        await (await gateway.SendAsync(Chat.Streamed)).Content.ReadAsStringAsync();

        // Five words and the finish: five pauses.
        await Eventually.IsTrueAsync(
            () => gateway.Http.GetStringAsync("/metrics").GetAwaiter().GetResult().Split('\n')
                .Any(line => line.StartsWith("gen_ai_client_inference_time_per_output_chunk_seconds_count", StringComparison.Ordinal) && line.EndsWith(" 5", StringComparison.Ordinal)),
            "the pauses are counted");
    }
}
