using System.Globalization;
using System.Text;

namespace Comox.FakeBackend;

/// <summary>What <c>/metrics</c> and <c>/slots</c> say, in the very format of the engine; null counts are the fake's own.</summary>
public sealed record FakeMetrics
{
    public const string Vllm = "vllm";
    public const string LlamaCpp = "llama.cpp";

    /// <summary>Who speaks: <c>vllm</c> or <c>llama.cpp</c>.</summary>
    public string Engine { get; init; } = LlamaCpp;

    public int? Running { get; init; }
    public int Waiting { get; init; }

    /// <summary>vLLM since 0.11: those of the waiting that wait for room in the cache; null: it does not say.</summary>
    public int? WaitingForCapacity { get; init; }

    public double KvCacheUsage { get; init; }
    public long PrefixQueries { get; init; }
    public long PrefixHits { get; init; }

    /// <summary>Engines of one vLLM server (data parallel), all in the same state.</summary>
    public int Engines { get; init; } = 1;

    /// <summary>Slots of llama-server, and how many tokens each has room for.</summary>
    public int Slots { get; init; } = 4;
    public int SlotContext { get; init; } = 4096;

    /// <summary>Tokens in each slot that is at work, those of the prompt and those decoded.</summary>
    public (int Prompt, int Decoded) SlotTokens { get; init; } = (53, 7);

    /// <summary>llama-server without a model of its own, in front of one process for each: both pages want a <c>?model=</c>, and older ones have no slots.</summary>
    public bool IsRouter { get; init; }

    /// <summary>An HTTP status instead: llama-server without <c>--metrics</c> answers 501.</summary>
    public int? FailWithStatus { get; init; }

    /// <summary>The same for <c>/slots</c>: <c>--no-slots</c>.</summary>
    public int? FailSlotsWithStatus { get; init; }

    /// <summary>The pages as they stand.</summary>
    public string? RawPage { get; init; }
    public string? RawSlots { get; init; }

    /// <summary>Takes the question and never answers.</summary>
    public bool NeverAnswers { get; init; }

    internal string Write(int running, long tokens, string model) => RawPage ?? (Engine == Vllm ? WriteVllm(running, tokens, model) : WriteLlama(running, tokens));

    /// <summary>As llama-server 0.7.0 (b11669) writes them: a slot that has never worked says little, and the tokens of the prompt grow with those decoded.</summary>
    internal string WriteSlots(int running)
    {
        if (RawSlots is { } raw)
            return raw;
        var busy = Math.Min(Slots, Running ?? running);
        var slots = Enumerable.Range(0, Slots).Select(id => WriteSlot(id, isBusy: id < busy));
        return $"[{string.Join(',', slots)}]";
    }

    private string WriteSlot(int id, bool isBusy)
    {
        if (!isBusy)
            return $$"""{"id":{{id}},"n_ctx":{{SlotContext}},"speculative":false,"is_processing":false}""";
        var (prompt, decoded) = SlotTokens;
        return $$"""{"id":{{id}},"n_ctx":{{SlotContext}},"speculative":false,"is_processing":true,"id_task":{{id + 10}},"n_prompt_tokens":{{prompt + decoded}}"""
            + $$""","n_prompt_tokens_processed":{{prompt}},"n_prompt_tokens_cache":0,"params":{"seed":4294967295,"temperature":0.800000011920929,"max_tokens":64,"stream":true,"lora":[]}"""
            + $$""","next_token":[{"has_next_token":true,"has_new_line":false,"n_remain":-1,"n_decoded":{{decoded}}}]}""";
    }

    // prometheus_client writes every number as Python writes a float, and each metric's help and type once, before all of its series.
    private string WriteVllm(int running, long tokens, string model)
    {
        var text = new StringBuilder();
        Metric("num_requests_running", "gauge", "Number of requests in model execution batches.", Running ?? running);
        Metric("num_requests_waiting", "gauge", "Number of requests waiting to be processed.", Waiting);
        if (WaitingForCapacity is { } full)
        {
            Metric("num_requests_waiting_by_reason", "gauge", "Number of requests waiting to be processed, by reason.", full, ",reason=\"capacity\"");
            foreach (var engine in Enumerable.Range(0, Engines))
                Series("num_requests_waiting_by_reason", engine, Waiting - full, ",reason=\"deferred\"");
        }

        Metric("engine_sleep_state", "gauge", "Engine sleep state; awake = 0 means engine is sleeping; awake = 1 means engine is awake.", 1, ",sleep_state=\"awake\"");
        Metric("kv_cache_usage_perc", "gauge", "KV-cache usage. 1 means 100 percent usage.", KvCacheUsage);
        Metric("prefix_cache_queries_total", "counter", "Prefix cache queries, in terms of number of queried tokens.", PrefixQueries);
        Metric("prefix_cache_hits_total", "counter", "Prefix cache hits, in terms of number of cached tokens.", PrefixHits);
        Metric("num_preemptions_total", "counter", "Cumulative number of preemption from the engine.", 0);
        Metric("generation_tokens_total", "counter", "Number of generation tokens processed.", tokens);
        text.Append("# HELP vllm:time_to_first_token_seconds Histogram of time to first token in seconds.\n# TYPE vllm:time_to_first_token_seconds histogram\n");
        foreach (var bound in (string[])["0.001", "0.02", "+Inf"])
            Series("time_to_first_token_seconds_bucket", 0, 0, "", $"le=\"{bound}\",");
        Series("time_to_first_token_seconds_count", 0, 0);
        Series("time_to_first_token_seconds_sum", 0, 0);
        return text.ToString();

        void Metric(string name, string kind, string help, double value, string more = "")
        {
            // The name of a counter is told without its ending.
            var family = kind == "counter" ? name[..^"_total".Length] : name;
            text.Append(CultureInfo.InvariantCulture, $"# HELP vllm:{family} {help}\n# TYPE vllm:{family} {kind}\n");
            foreach (var engine in Enumerable.Range(0, Engines))
                Series(name, engine, value, more);
        }

        void Series(string name, int engine, double value, string more = "", string before = "") =>
            text.Append(CultureInfo.InvariantCulture, $"vllm:{name}{{engine=\"{engine}\",{before}model_name=\"{model}\"{more}}} {value:0.0###############}\n");
    }

    private string WriteLlama(int running, long tokens)
    {
        var text = new StringBuilder();
        Metric("prompt_tokens_total", "counter", "Number of prompt tokens processed, excluding cached tokens", PrefixQueries - PrefixHits);
        Metric("prompt_tokens_cached_total", "counter", "Number of prompt tokens reused from the cache", PrefixHits);
        Metric("tokens_predicted_total", "counter", "Number of generation tokens processed", tokens);
        Metric("n_decode_total", "counter", "Total number of llama_decode() calls, excluding speculative decoding and multimodal decoding", tokens);
        Metric("requests_processing", "gauge", "Number of requests processing", Running ?? running);
        Metric("requests_deferred", "gauge", "Number of requests deferred", Waiting);
        Metric("n_busy_slots_per_decode", "gauge", "Average number of busy slots per llama_decode() call", Running ?? running);
        return text.ToString();

        void Metric(string name, string kind, string help, double value) =>
            text.Append(CultureInfo.InvariantCulture, $"# HELP llamacpp:{name} {help}\n# TYPE llamacpp:{name} {kind}\nllamacpp:{name} {value}\n");
    }
}
