using System.Buffers;
using System.Text;
using System.Text.Json;
using Comox.Gateway.OpenAI.Responses;
using Comox.ServiceDefaults;
using Comox.ServiceDefaults.Contracts.OpenAI;
using static Comox.Gateway.Tests.Responses.ResponseStream;

namespace Comox.Gateway.Tests.Responses;

public sealed class ResponsesDialectTests
{
    private const string Usage = """{"choices":[],"usage":{"prompt_tokens":9,"completion_tokens":5,"total_tokens":14,"prompt_tokens_details":{"cached_tokens":4},"completion_tokens_details":{"reasoning_tokens":2}}}""";
    private const string Role = """{"role":"assistant","content":null}""";

    [Fact]
    public void A_text_is_told_event_by_event()
    {
        var stream = Of(Delta(Role), Text("Hel"), Text("lo"), Delta("{}", "stop"), Usage);

        Assert.Equal(
            """
            event: response.output_item.added
            data: {"type":"response.output_item.added","sequence_number":2,"output_index":0,"item":{"id":"msg_0193_0","type":"message","status":"in_progress","role":"assistant","content":[]}}

            event: response.content_part.added
            data: {"type":"response.content_part.added","sequence_number":3,"item_id":"msg_0193_0","output_index":0,"content_index":0,"part":{"type":"output_text","annotations":[],"logprobs":[],"text":""}}

            event: response.output_text.delta
            data: {"type":"response.output_text.delta","sequence_number":4,"item_id":"msg_0193_0","output_index":0,"content_index":0,"delta":"Hel","logprobs":[]}

            event: response.output_text.delta
            data: {"type":"response.output_text.delta","sequence_number":5,"item_id":"msg_0193_0","output_index":0,"content_index":0,"delta":"lo","logprobs":[]}

            event: response.output_text.done
            data: {"type":"response.output_text.done","sequence_number":6,"item_id":"msg_0193_0","output_index":0,"content_index":0,"text":"Hello","logprobs":[]}

            event: response.content_part.done
            data: {"type":"response.content_part.done","sequence_number":7,"item_id":"msg_0193_0","output_index":0,"content_index":0,"part":{"type":"output_text","annotations":[],"logprobs":[],"text":"Hello"}}

            event: response.output_item.done
            data: {"type":"response.output_item.done","sequence_number":8,"output_index":0,"item":{"id":"msg_0193_0","type":"message","status":"completed","role":"assistant","content":[{"type":"output_text","annotations":[],"logprobs":[],"text":"Hello"}]}}

            """,
            string.Concat(stream.Wire.Split("\n\n")[2..^2].Select(sse => sse + "\n\n"))[..^1]);
        Assert.Equal(["response.created", "response.in_progress"], stream.Types.Take(2));
        Assert.Equal("response.completed", stream.Types.Last());
    }

    [Fact]
    public void The_response_object_is_the_requests_echo_around_the_output()
    {
        var dialect = new ResponsesDialect(
            ResponsesRequestTests.Read("""{"model":"character/ada","input":"Hi","instructions":"Be \u00e9.","metadata":{"a":"b"}}""").Echo with { Conversation = "conv_1" }, Id, Created);
        var output = new ArrayBufferWriter<byte>();
        dialect.WriteWhole("""{"model":"weights.gguf","choices":[{"index":0,"message":{"role":"assistant","content":"Hi"},"finish_reason":"stop"}]}"""u8.ToArray(), output);

        Assert.Equal(
            """{"id":"resp_0193","object":"response","created_at":1700000000,"status":"completed","error":null,"incomplete_details":null,"model":"character/ada","conversation":{"id":"conv_1"},"output":[{"id":"msg_0193_0","type":"message","status":"completed","role":"assistant","content":[{"type":"output_text","annotations":[],"logprobs":[],"text":"Hi"}]}],"usage":null,"instructions":"Be \u00e9.","max_output_tokens":null,"max_tool_calls":null,"text":{"format":{"type":"text"}},"reasoning":{"effort":null,"summary":null},"tools":[],"tool_choice":"auto","parallel_tool_calls":true,"top_logprobs":0,"temperature":null,"top_p":null,"user":null,"safety_identifier":null,"prompt_cache_key":null,"service_tier":null,"metadata":{"a":"b"},"previous_response_id":null,"truncation":"disabled","background":false}""",
            Encoding.UTF8.GetString(output.WrittenSpan));
    }

    [Theory]
    [InlineData("stop", "completed", null, "completed")]
    [InlineData("tool_calls", "completed", null, "completed")]
    [InlineData("function_call", "completed", null, "completed")]
    [InlineData("length", "incomplete", "max_output_tokens", "incomplete")]
    [InlineData("content_filter", "incomplete", "content_filter", "incomplete")]
    [InlineData("abort", "incomplete", "abort", "incomplete")]
    [InlineData("error", "failed", null, "incomplete")]
    [InlineData(null, "completed", null, "completed")]
    public void A_finish_reason_is_a_status_streamed_or_not(string? finish, string status, string? reason, string itemStatus)
    {
        string[] chunks = [Text("Hi"), Delta("{}", finish)];
        var stream = Of(chunks);

        Assert.Equal("response." + status, stream.Types.Last());
        foreach (var response in (JsonElement[])[stream.Response, Whole(chunks)])
        {
            Assert.Equal(status, response.GetProperty("status").GetString());
            Assert.Equal(reason, response.GetProperty("incomplete_details") is { ValueKind: JsonValueKind.Object } details ? details.GetProperty("reason").GetString() : null);
            Assert.Equal(status == "failed", response.GetProperty("error").ValueKind == JsonValueKind.Object);
            Assert.Equal(itemStatus, response.GetProperty("output")[0].GetProperty("status").GetString());
        }
    }

    [Fact]
    public void What_comes_after_the_finish_is_only_the_usage()
    {
        var stream = Of(Text("Hi"), Delta("{}", "length"), Text(" there"), Delta("{}", "stop"), Usage);

        Assert.Equal("response.incomplete", stream.Types.Last());
        Assert.Equal("Hi", stream.Response.GetProperty("output")[0].GetProperty("content")[0].GetProperty("text").GetString());
        Assert.Equal(14, stream.Response.GetProperty("usage").GetProperty("total_tokens").GetInt32());
    }

    [Fact]
    public void The_usage_is_the_same_streamed_or_not_and_the_last_one_counts()
    {
        const string partial = """{"choices":[],"usage":{"prompt_tokens":9,"completion_tokens":1,"total_tokens":10}}""";
        string[] chunks = [partial, Text("Hi"), Delta("{}", "stop"), Usage];
        const string golden = """{"input_tokens":9,"input_tokens_details":{"cached_tokens":4},"output_tokens":5,"output_tokens_details":{"reasoning_tokens":2},"total_tokens":14}""";

        Assert.Equal(golden, Of(chunks).Response.GetProperty("usage").GetRawText());
        Assert.Equal(golden, Whole(chunks).GetProperty("usage").GetRawText());
        Assert.All(Of(chunks).Events.Take(2), data => Assert.Equal(JsonValueKind.Null, data.GetProperty("response").GetProperty("usage").ValueKind));
    }

    [Theory]
    [InlineData("""{"prompt_tokens":3,"completion_tokens":2}""", """{"input_tokens":3,"input_tokens_details":{"cached_tokens":0},"output_tokens":2,"output_tokens_details":{"reasoning_tokens":0},"total_tokens":5}""")]
    [InlineData("""{"prompt_tokens":3,"x":{"prompt_tokens":9},"prompt_tokens_details":null,"completion_tokens":2,"total_tokens":null}""", """{"input_tokens":3,"input_tokens_details":{"cached_tokens":0},"output_tokens":2,"output_tokens_details":{"reasoning_tokens":0},"total_tokens":5}""")]
    [InlineData("""{"prompt_tokens":3,"completion_tokens":2,"prompt_tokens_details":{"audio_tokens":1,"cache_write_tokens":7}}""", """{"input_tokens":3,"input_tokens_details":{"cache_write_tokens":7,"cached_tokens":0},"output_tokens":2,"output_tokens_details":{"reasoning_tokens":0},"total_tokens":5}""")]
    [InlineData("null", "null")]
    public void A_usage_says_no_more_than_the_engine_did(string usage, string expected) =>
        Assert.Equal(expected, Of($$"""{"usage":{{usage}},"choices":[]}""").Response.GetProperty("usage").GetRawText());

    [Fact]
    public void Parallel_calls_split_over_chunks_are_each_one_item()
    {
        string[] chunks =
        [
            Text("Let me see."),
            Delta("""{"tool_calls":[{"index":0,"id":"call_a","type":"function","function":{"name":"look","arguments":""}}]}"""),
            Delta("""{"tool_calls":[{"index":0,"function":{"arguments":"{\"at\":"}},{"index":1,"id":"call_b","type":"function","function":{"name":"hear","arguments":"{"}}]}"""),
            Delta("""{"tool_calls":[{"index":1,"function":{"arguments":"}"}},{"index":0,"function":{"arguments":"\"\u00e9\"}"}}]}"""),
            Delta("{}", "tool_calls"),
        ];
        var stream = Of(chunks);

        Assert.Equal(
            """[{"id":"msg_0193_0","type":"message","status":"completed","role":"assistant","content":[{"type":"output_text","annotations":[],"logprobs":[],"text":"Let me see."}]},{"id":"fc_0193_1","type":"function_call","status":"completed","call_id":"call_a","name":"look","arguments":"{\"at\":\"\u00e9\"}"},{"id":"fc_0193_2","type":"function_call","status":"completed","call_id":"call_b","name":"hear","arguments":"{}"}]""",
            stream.Response.GetProperty("output").GetRawText());
        Assert.Equal("response.completed", stream.Types.Last());
        Assert.Equal(["{\"at\":\"é\"}", "{}"], stream.Of("response.function_call_arguments.done").Select(done => done.GetProperty("arguments").GetString()));
        Assert.Equal(["look", "hear"], stream.Of("response.function_call_arguments.done").Select(done => done.GetProperty("name").GetString()));
        Assert.Equal([0, 1, 2], stream.Of("response.output_item.done").Select(done => done.GetProperty("output_index").GetInt32()));
        // The text is over when the first call begins: a client may show it as whole.
        Assert.True(stream.Types.ToList().IndexOf("response.output_text.done") < stream.Types.ToList().IndexOf("response.function_call_arguments.delta"));
        AssertSame(stream.Response.GetProperty("output"), Whole(chunks).GetProperty("output"));
    }

    [Theory]
    [InlineData("\"index\":0,")]
    [InlineData("")]
    public void Calls_that_an_engine_numbers_alike_are_told_apart_by_their_ids(string index)
    {
        string[] chunks =
        [
            Delta($$$"""{"tool_calls":[{{{{index}}}"id":"a","function":{"name":"look","arguments":"{\"x\":"}}]}"""),
            // Another id on a piece without a name, as old versions of vLLM have it, is the same call.
            Delta($$$"""{"tool_calls":[{{{{index}}}"id":"z","function":{"arguments":"1}"}}]}"""),
            Delta($$$"""{"tool_calls":[{{{{index}}}"id":"b","function":{"name":"look","arguments":"{\"x\":2}"}}]}"""),
            Delta("{}", "tool_calls"),
        ];
        foreach (var output in new[] { Of(chunks).Response.GetProperty("output"), Whole(chunks).GetProperty("output") })
            Assert.Equal("a {\"x\":1}, b {\"x\":2}", string.Join(", ", output.EnumerateArray().Select(call => $"{call.GetProperty("call_id")} {call.GetProperty("arguments")}")));
    }

    [Fact]
    public void A_call_waits_for_its_name_and_gets_an_id_where_the_engine_gives_none()
    {
        var stream = Of(
            Delta("""{"tool_calls":[{"index":0,"function":{"arguments":"{"}}]}"""), Delta("""{"tool_calls":[{"index":0,"function":{"name":"look","arguments":"}"}}]}"""), Delta("{}", "tool_calls"));

        var call = stream.Response.GetProperty("output")[0];
        Assert.Equal(("call_0193_0", "look", "{}"), (call.GetProperty("call_id").GetString(), call.GetProperty("name").GetString(), call.GetProperty("arguments").GetString()));
        Assert.Equal("look", stream.Of("response.output_item.added").Single().GetProperty("item").GetProperty("name").GetString());
    }

    [Fact]
    public void A_call_cut_by_the_limit_is_incomplete_and_the_one_before_it_is_not()
    {
        var output = Of(
            Delta("""{"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":"{}"}}]}"""),
            Delta("""{"tool_calls":[{"index":1,"id":"b","function":{"name":"g","arguments":"{"}}]}"""), Delta("{}", "length")).Response.GetProperty("output");
        Assert.Equal(["completed", "incomplete"], output.EnumerateArray().Select(item => item.GetProperty("status").GetString()));
    }

    [Theory]
    [InlineData("reasoning_content")]
    [InlineData("reasoning")]
    public void Reasoning_is_an_item_before_the_message(string field)
    {
        string[] chunks = [Delta($$"""{"{{field}}":"Hm"}"""), Delta($$"""{"{{field}}":"m."}"""), Text("Yes."), Delta("{}", "stop")];
        var stream = Of(chunks);

        Assert.Equal(
            """{"id":"rs_0193_0","type":"reasoning","status":"completed","summary":[],"content":[{"type":"reasoning_text","text":"Hmm."}]}""", stream.Response.GetProperty("output")[0].GetRawText());
        Assert.Equal(["Hm", "m."], stream.Of("response.reasoning_text.delta").Select(data => data.GetProperty("delta").GetString()));
        Assert.Equal("Hmm.", stream.Of("response.reasoning_text.done").Single().GetProperty("text").GetString());
        Assert.Equal("Yes.", stream.Response.GetProperty("output")[1].GetProperty("content")[0].GetProperty("text").GetString());
        AssertSame(stream.Response.GetProperty("output"), Whole(chunks).GetProperty("output"));
    }

    [Fact]
    public void A_refusal_is_a_part_of_the_message()
    {
        string[] chunks = [Text("Well"), Delta("""{"refusal":"I "}"""), Delta("""{"refusal":"won't."}"""), Delta("{}", "stop")];
        var stream = Of(chunks);

        var message = Assert.Single(stream.Response.GetProperty("output").EnumerateArray());
        Assert.Equal("""{"type":"refusal","refusal":"I won't."}""", message.GetProperty("content")[1].GetRawText());
        Assert.Equal(["I ", "won't."], stream.Of("response.refusal.delta").Select(data => data.GetProperty("delta").GetString()));
        Assert.All(stream.Of("response.refusal.done"), done => Assert.Equal((1, "I won't."), (done.GetProperty("content_index").GetInt32(), done.GetProperty("refusal").GetString())));
        AssertSame(stream.Response.GetProperty("output"), Whole(chunks).GetProperty("output"));
    }

    [Fact]
    public void An_answer_without_a_word_is_an_empty_message()
    {
        string[] chunks = [Delta(Role), Delta("{\"content\":\"\"}"), Delta("{}", "stop")];
        var stream = Of(chunks);

        Assert.Equal("", stream.Response.GetProperty("output")[0].GetProperty("content")[0].GetProperty("text").GetString());
        Assert.Single(stream.Of("response.output_text.done"));
        AssertSame(stream.Response.GetProperty("output"), Whole(chunks).GetProperty("output"));
    }

    [Fact]
    public void Log_probabilities_go_with_their_text_even_where_the_text_comes_later()
    {
        string[] chunks =
        [
            Delta("""{"content":""}""", more: ",\"logprobs\":{\"content\":[{\"token\":\"a\",\n\"logprob\":-1}]}"),
            Delta("""{"content":"ab"}""", more: ""","logprobs":{"content":[{"token":"b","logprob":-2}],"refusal":null}"""),
            Delta("""{"content":"c"}""", more: ",\"logprobs\":{\"content\":[ ]}"), Delta("{}", "stop", ""","logprobs":{"content":[{"token":"d","logprob":-3}]}"""),
        ];
        var stream = Of(chunks);

        Assert.Equal(["a b", ""], stream.Of("response.output_text.delta").Select(TokensOf));
        Assert.Equal("a b d", TokensOf(stream.Of("response.output_text.done").Single()));
        Assert.Equal("a b d", TokensOf(stream.Response.GetProperty("output")[0].GetProperty("content")[0]));
        Assert.Equal("a b d", TokensOf(Whole(chunks).GetProperty("output")[0].GetProperty("content")[0]));
    }

    [Fact]
    public void A_stream_that_breaks_ends_with_the_error_and_with_what_there_was()
    {
        var error = new ApiError(502, ErrorCodes.UpstreamError, "The engine \"x\" broke off.").ToBody().Error;
        var stream = Broken(error, Text("Half a"), Delta("""{"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":"{"}},{"index":1,"id":"b","function":{"name":"g","arguments":"{"}}]}"""));

        Assert.Equal(["error", "response.failed"], stream.Types.TakeLast(2));
        Assert.DoesNotContain("response.function_call_arguments.done", stream.Types);
        var event_ = stream.Events[^2];
        Assert.Equal((ErrorCodes.UpstreamError, error.Message, JsonValueKind.Null), (event_.GetProperty("code").GetString(), event_.GetProperty("message").GetString(), event_.GetProperty("param").ValueKind));
        Assert.Equal(("failed", "server_error", error.Message), (stream.Response.GetProperty("status").GetString(), stream.Response.GetProperty("error").GetProperty("code").GetString(), stream.Response.GetProperty("error").GetProperty("message").GetString()));
        Assert.Equal(["completed", "incomplete", "incomplete"], stream.Response.GetProperty("output").EnumerateArray().Select(item => item.GetProperty("status").GetString()));
        Assert.Equal("Half a", stream.Response.GetProperty("output")[0].GetProperty("content")[0].GetProperty("text").GetString());
    }

    [Theory]
    [InlineData(429, ErrorCodes.EngineUnavailable, "rate_limit_exceeded")]
    [InlineData(400, ErrorCodes.InvalidRequest, "invalid_prompt")]
    [InlineData(400, ErrorCodes.ContextLengthExceeded, "context_length_exceeded")]
    [InlineData(503, ErrorCodes.EngineUnavailable, "server_error")]
    public void A_failed_response_says_why_in_the_apis_own_few_codes(int status, string code, string expected)
    {
        var stream = Broken(new ApiError(status, code, "No.").ToBody().Error);

        Assert.Equal(["response.created", "response.in_progress", "error", "response.failed"], stream.Types);
        Assert.Equal(expected, stream.Response.GetProperty("error").GetProperty("code").GetString());
        Assert.Equal(0, stream.Response.GetProperty("output").GetArrayLength());
    }

    [Fact]
    public void An_error_before_the_stream_is_openais_error_object()
    {
        var output = new ArrayBufferWriter<byte>();
        Dialect().WriteError(404, new ApiError(404, ErrorCodes.ModelNotFound, "No \"m\".", "model").ToBody().Error, output);

        var error = JsonDocument.Parse(output.WrittenMemory).RootElement.GetProperty("error");
        Assert.Equal(("No \"m\".", "not_found_error", "model", "model_not_found"), (error.GetProperty("message").GetString(), error.GetProperty("type").GetString(), error.GetProperty("param").GetString(), error.GetProperty("code").GetString()));
    }

    [Fact]
    public void Half_a_character_spoils_neither_its_event_nor_the_last_one()
    {
        var stream = Of("""{"choices":[{"index":0,"delta":{"content":"a\ud83d"}}]}""", """{"choices":[{"index":0,"delta":{"content":"\ud83d\ude00b"}}]}""", Delta("{}", "stop"));
        Assert.Equal("a\uFFFD😀b", stream.Response.GetProperty("output")[0].GetProperty("content")[0].GetProperty("text").GetString());

        var output = new ArrayBufferWriter<byte>();
        Dialect().WriteChunk([.. "{\"choices\":[{\"delta\":{\"content\":\"a"u8, 0xFF, .. "\"}}]}"u8], output);
        Assert.Contains("\"delta\":\"a\uFFFD\"", new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(output.WrittenSpan));
    }

    [Fact]
    public void A_delta_leaves_no_garbage_behind()
    {
        const int deltas = 10_000;
        var (dialect, chunk, output) = (Dialect(), Encoding.UTF8.GetBytes(Text("word ")), new ArrayBufferWriter<byte>(4096));
        dialect.WriteChunk(chunk, output);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < deltas; i++)
        {
            output.ResetWrittenCount();
            dialect.WriteChunk(chunk, output);
        }

        // The text is kept for the last event: five bytes a delta, in a buffer that doubles.
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 4L * 5 * deltas);
    }

    internal static void AssertSame(JsonElement expected, JsonElement actual) =>
        Assert.True(JsonElement.DeepEquals(expected, actual), $"{expected.GetRawText()}\n{actual.GetRawText()}");

    private static string TokensOf(JsonElement holder) => string.Join(' ', holder.GetProperty("logprobs").EnumerateArray().Select(token => token.GetProperty("token").GetString()));
}
