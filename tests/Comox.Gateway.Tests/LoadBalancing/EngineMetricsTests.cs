using System.Text;
using Comox.Gateway.LoadBalancing;

namespace Comox.Gateway.Tests.LoadBalancing;

/// <summary>What engines say of themselves, in their own words. Whatever they do not say is unknown and never zero.</summary>
public sealed class EngineMetricsTests
{
    private const string Vllm = """
        # HELP vllm:num_requests_running Number of requests in model execution batches.
        # TYPE vllm:num_requests_running gauge
        vllm:num_requests_running{engine="0",model_name="m"} 3.0
        # TYPE vllm:num_requests_waiting gauge
        vllm:num_requests_waiting{engine="0",model_name="m"} 5.0
        # TYPE vllm:kv_cache_usage_perc gauge
        vllm:kv_cache_usage_perc{engine="0",model_name="m"} 0.25
        # TYPE vllm:prefix_cache_queries counter
        vllm:prefix_cache_queries_total{engine="0",model_name="m"} 1.048576e+06
        vllm:prefix_cache_hits_total{engine="0",model_name="m"} 524288.0
        vllm:e2e_request_latency_seconds_bucket{engine="0",le="+Inf",model_name="m"} 9.0

        """;

    // llama-server 0.7.0 (b11669), the lines that do not matter left out; here and below.
    private const string Llama = """
        # HELP llamacpp:prompt_tokens_total Number of prompt tokens processed, excluding cached tokens
        # TYPE llamacpp:prompt_tokens_total counter
        llamacpp:prompt_tokens_total 100
        # HELP llamacpp:prompt_tokens_cached_total Number of prompt tokens reused from the cache
        # TYPE llamacpp:prompt_tokens_cached_total counter
        llamacpp:prompt_tokens_cached_total 300
        # HELP llamacpp:prompt_tokens_seconds Average prompt throughput in tokens/s
        # TYPE llamacpp:prompt_tokens_seconds gauge
        llamacpp:prompt_tokens_seconds 6344.17
        # HELP llamacpp:requests_processing Number of requests processing
        # TYPE llamacpp:requests_processing gauge
        llamacpp:requests_processing 2
        # HELP llamacpp:requests_deferred Number of requests deferred
        # TYPE llamacpp:requests_deferred gauge
        llamacpp:requests_deferred 1

        """;

    private const string Slots = """
        [{"id":0,"n_ctx":844,"speculative":false,"is_processing":true,"id_task":0,"n_prompt_tokens":211,"n_prompt_tokens_processed":36,"n_prompt_tokens_cache":0,"params":{"seed":4294967295},"next_token":[{"has_next_token":true,"has_new_line":false,"n_remain":5825,"n_decoded":175}]},
         {"id":1,"n_ctx":844,"speculative":false,"is_processing":true,"id_task":7,"n_prompt_tokens":633,"n_prompt_tokens_processed":4,"n_prompt_tokens_cache":629,"params":{},"next_token":[{"n_decoded":0}]},
         {"id":2,"n_ctx":844,"speculative":false,"is_processing":false,"id_task":3,"n_prompt_tokens":800,"n_prompt_tokens_processed":0,"n_prompt_tokens_cache":0,"params":{},"next_token":[{"n_decoded":0}]},
         {"id":3,"n_ctx":844,"speculative":false,"is_processing":false}]
        """;

    [Fact]
    public void VLlm_tells_its_requests_and_its_cache() =>
        Assert.Equal(new BackendTelemetry { Timestamp = 7, Running = 3, Waiting = 5, KvUsage = 0.25, PrefixTokens = 1_048_576, PrefixHits = 524_288 }, ReadVllm(Vllm));

    [Fact]
    public void Of_vLLMs_queue_only_those_count_that_wait_for_room() =>
        Assert.Equal(2, ReadVllm(Vllm + """
            vllm:num_requests_waiting_by_reason{engine="0",model_name="m",reason="capacity"} 2.0
            vllm:num_requests_waiting_by_reason{engine="0",model_name="m",reason="deferred"} 3.0
            """)!.Waiting);

    [Fact]
    public void Engines_of_one_vLLM_are_added_up_and_their_caches_are_averaged()
    {
        var telemetry = ReadVllm(Vllm + Vllm.Replace("engine=\"0\"", "engine=\"1\"").Replace(" 0.25", " 0.75"))!;

        Assert.Equal((6, 10, 0.5), (telemetry.Running, telemetry.Waiting, telemetry.KvUsage));
    }

    [Fact]
    public void A_model_may_have_any_name() =>
        Assert.Equal(3, ReadVllm(Vllm.Replace("model_name=\"m\"", """model_name="a \"b}\" {c\\" """.TrimEnd()))!.Running);

    [Theory]
    [InlineData("num_requests_running{engine=\"0\",model_name=\"m\"} 3.0", "num_requests_running{engine=\"0\",model_name=\"m\"} NaN")]
    [InlineData("num_requests_running{engine=\"0\",model_name=\"m\"} 3.0", "num_requests_running{engine=\"0\",model_name=\"m\"} -1")]
    [InlineData("num_requests_running{engine=\"0\",model_name=\"m\"} 3.0", "num_requests_running{engine=\"0\",model_name=\"m\"} three")]
    [InlineData("num_requests_running{engine=\"0\",model_name=\"m\"} 3.0", "num_requests_running{engine=\"0\",model_name=\"m 3.0")]
    [InlineData("num_requests_running{engine=\"0\",model_name=\"m\"} 3.0", "num_requests_ran{engine=\"0\",model_name=\"m\"} 3.0")]
    public void What_vLLM_does_not_say_or_not_in_numbers_is_unknown_and_the_rest_is_known(string said, string instead)
    {
        var telemetry = ReadVllm(Vllm.Replace(said, instead))!;

        Assert.Null(telemetry.Running);
        Assert.Equal((5, 0.25), (telemetry.Waiting, telemetry.KvUsage));
    }

    [Fact]
    public void One_engine_of_several_without_a_number_makes_the_sum_unknown() =>
        Assert.Null(ReadVllm(Vllm + "vllm:num_requests_running{engine=\"1\",model_name=\"m\"} NaN\n")!.Running);

    [Theory]
    [InlineData("")]
    [InlineData("<html>502 Bad Gateway</html>")]
    [InlineData("llamacpp:requests_processing 2\n")]
    [InlineData("{\"error\":{}}")]
    public void A_page_of_another_kind_says_nothing_at_all(string page) => Assert.Null(ReadVllm(page));

    [Fact]
    public void Llama_server_tells_its_queue_on_one_page_and_its_cache_on_another() =>
        Assert.Equal(new BackendTelemetry { Timestamp = 7, Running = 2, Waiting = 1, KvUsage = 0.25, PrefixTokens = 400, PrefixHits = 300 }, ReadLlama(Llama, Slots));

    [Fact]
    public void Slots_alone_tell_what_runs_and_nothing_of_the_queue()
    {
        var telemetry = ReadLlama("", Slots)!;

        Assert.Equal((2, 0.25), (telemetry.Running, telemetry.KvUsage));
        Assert.Null(telemetry.Waiting);
        Assert.Null(telemetry.PrefixTokens);
    }

    [Theory]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("{\"error\":{\"code\":501}}")]
    [InlineData("[{\"id\":0,\"n_ctx\":1000}]")]
    [InlineData("[{\"id\":0,\"n_ctx\":1000,\"is_processing\":true,\"n_prompt_tokens\":4")]
    public void Slots_that_make_no_sense_leave_the_cache_unknown(string slots)
    {
        var telemetry = ReadLlama(Llama, slots)!;

        Assert.Null(telemetry.KvUsage);
        Assert.Equal((2, 1), (telemetry.Running, telemetry.Waiting));
        Assert.Null(ReadLlama("", slots));
    }

    [Theory]
    [InlineData("\"n_prompt_tokens\":211,")]
    [InlineData("\"n_ctx\":844,")]
    public void A_slot_that_does_not_say_what_it_holds_leaves_the_cache_unknown(string withheld)
    {
        var telemetry = ReadLlama("", Slots.Replace(withheld, ""))!;

        Assert.Equal(2, telemetry.Running);
        Assert.Null(telemetry.KvUsage);
    }

    private static BackendTelemetry? ReadVllm(string page) => VllmMetrics.Read(Encoding.UTF8.GetBytes(page), 7);

    private static BackendTelemetry? ReadLlama(string page, string slots) => LlamaMetrics.Read(Encoding.UTF8.GetBytes(page), Encoding.UTF8.GetBytes(slots), 7);
}
