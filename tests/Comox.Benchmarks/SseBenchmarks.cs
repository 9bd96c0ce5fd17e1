using System.Text.Json;
using BenchmarkDotNet.Attributes;
using Comox.Gateway.Forwarding;

namespace Comox.Benchmarks;

/// <summary>What one streamed event costs the gateway before it is written to the client. Figures are per event.</summary>
public class SseBenchmarks
{
    private const int Events = 1000;
    private const int MaxEventBytes = 4 * 1024 * 1024;

    private ReplayedStream _stream = null!;

    /// <summary>Events that arrive in one read: 1 while the engine generates, several when the network or the scheduler lagged.</summary>
    [Params(1, 16)]
    public int EventsPerRead { get; set; }

    [GlobalSetup]
    public void Record() =>
        _stream = new ReplayedStream([.. RecordedStream.Events(Events).Chunk(EventsPerRead).Select(chunk => chunk.SelectMany(bytes => bytes).ToArray())]);

    [Benchmark(OperationsPerInvoke = Events)]
    public async Task<int> Frame()
    {
        _stream.Rewind();
        using var reader = new SseReader(_stream, MaxEventBytes);
        var events = 0;
        while (await reader.FillAsync(CancellationToken.None) == SseFill.More)
        {
            while (reader.TryRead(out _))
                events++;
        }

        return events;
    }

    [Benchmark(Baseline = true, OperationsPerInvoke = Events, Description = "Frame and scan")]
    public Task<int> FrameAndScan() => ScanAsync(null);

    [Benchmark(OperationsPerInvoke = Events, Description = "Frame, scan, keep the text")]
    public Task<int> FrameScanAndKeepText() => ScanAsync(new ReplyText());

    [Benchmark(OperationsPerInvoke = Events, Description = "Frame and parse a DOM")]
    public async Task<int> FrameAndParseDom()
    {
        _stream.Rewind();
        using var reader = new SseReader(_stream, MaxEventBytes);
        var tokens = 0;
        while (await reader.FillAsync(CancellationToken.None) == SseFill.More)
        {
            while (reader.TryRead(out var sse))
            {
                using var chunk = JsonDocument.Parse(sse.Data);
                foreach (var choice in chunk.RootElement.GetProperty("choices").EnumerateArray())
                    tokens += choice.GetProperty("delta").TryGetProperty("content", out _) ? 1 : 0;
            }
        }

        return tokens;
    }

    private async Task<int> ScanAsync(ReplyText? text)
    {
        _stream.Rewind();
        using var reader = new SseReader(_stream, MaxEventBytes);
        var tokens = 0;
        while (await reader.FillAsync(CancellationToken.None) == SseFill.More)
        {
            while (reader.TryRead(out var sse))
            {
                if (ChunkScan.Read(sse.Data.Span, text).HasToken)
                    tokens++;
            }
        }

        return tokens;
    }
}
