using System.Text;
using Comox.NodeAgent.Engines;
using Comox.NodeAgent.Supervision;

namespace Comox.NodeAgent.Health.Engines;

/// <summary>
/// vLLM's <c>GET /metrics</c>. Its server answers even where the process that computes is dead or hangs, so an answer proves nothing; that the counter of tokens
/// moves does.
/// </summary>
internal sealed class VllmProgress(EngineQuestions questions) : IEngineProgress
{
    public string Kind => EngineKinds.VLlm;
    public int? PromptStep => null;

    public async Task<EngineProgress> ReadAsync(EngineEndpoint endpoint, CancellationToken cancellation) =>
        Metrics(await questions.GetAsync(endpoint, "metrics", cancellation));

    public Task<int> TryAsync(EngineEndpoint endpoint, string model, CancellationToken cancellation) => questions.TryChatAsync(endpoint, model, cancellation);

    internal static EngineProgress Metrics(ReadOnlySpan<byte> text)
    {
        var metrics = PrometheusText.Read(text);
        return new EngineProgress
        {
            Running = (int)metrics.GetValueOrDefault("vllm:num_requests_running"),
            TokensWritten = (long)metrics.GetValueOrDefault("vllm:generation_tokens_total"),
        };
    }
}

/// <summary>Prometheus' text format, of which we need names and values: series of one name that differ in their labels are added up.</summary>
internal static class PrometheusText
{
    /// <code>vllm:generation_tokens_total{engine="0",model_name="a"} 1234.0</code>
    public static IReadOnlyDictionary<string, double> Read(ReadOnlySpan<byte> text)
    {
        var values = new Dictionary<string, double>(StringComparer.Ordinal);
        foreach (var range in text.Split((byte)'\n'))
        {
            var line = text[range].TrimEnd((byte)'\r');
            if (line.IsEmpty || line[0] == (byte)'#')
                continue;
            var nameEnd = line.IndexOfAny("{ "u8);
            var valueStart = line.LastIndexOf((byte)' ') + 1;
            if (nameEnd <= 0 || valueStart <= nameEnd || !double.TryParse(line[valueStart..], System.Globalization.CultureInfo.InvariantCulture, out var value))
                continue;
            var name = Encoding.UTF8.GetString(line[..nameEnd]);
            values[name] = values.GetValueOrDefault(name) + value;
        }

        return values;
    }
}
