using System.Globalization;
using System.Text;

namespace Comox.FakeBackend;

/// <summary>What <c>/metrics</c> says; null counts are the fake's own.</summary>
public sealed record FakeMetrics
{
    public const string Vllm = "vllm";
    public const string LlamaCpp = "llama.cpp";

    /// <summary>Whose names are used: <c>vllm</c> or <c>llama.cpp</c>.</summary>
    public string Engine { get; init; } = LlamaCpp;

    public int? Running { get; init; }
    public int Waiting { get; init; }
    public double KvCacheUsage { get; init; }
    public long PrefixQueries { get; init; }
    public long PrefixHits { get; init; }

    /// <summary>An HTTP status instead: llama-server without <c>--metrics</c> answers 501.</summary>
    public int? FailWithStatus { get; init; }

    internal string Write(int running, long tokens, string model)
    {
        var now = Running ?? running;
        return Engine == Vllm
            ? Lines("vllm:", $"{{engine=\"0\",model_name=\"{model}\"}}",
                ("num_requests_running", "gauge", now), ("num_requests_waiting", "gauge", Waiting), ("kv_cache_usage_perc", "gauge", KvCacheUsage),
                ("prefix_cache_queries_total", "counter", PrefixQueries), ("prefix_cache_hits_total", "counter", PrefixHits),
                ("generation_tokens_total", "counter", tokens), ("num_preemptions_total", "counter", 0))
            : Lines("llamacpp:", "",
                ("requests_processing", "gauge", now), ("requests_deferred", "gauge", Waiting),
                ("tokens_predicted_total", "counter", tokens), ("n_decode_total", "counter", tokens), ("n_busy_slots_per_decode", "gauge", now));
    }

    private static string Lines(string prefix, string labels, params ReadOnlySpan<(string Name, string Kind, double Value)> lines)
    {
        var text = new StringBuilder();
        foreach (var (name, kind, value) in lines)
            text.Append(CultureInfo.InvariantCulture, $"# HELP {prefix}{name} A count.\n# TYPE {prefix}{name} {kind}\n{prefix}{name}{labels} {value}\n");
        return text.ToString();
    }
}
