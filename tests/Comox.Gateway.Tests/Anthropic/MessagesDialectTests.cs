using System.Buffers;
using System.Text;
using System.Text.Json.Nodes;
using Comox.Gateway.Anthropic;
using Comox.ServiceDefaults.Contracts.OpenAI;

namespace Comox.Gateway.Tests.Anthropic;

public sealed class MessagesDialectTests
{
    private static readonly string[] Answer =
    [
        Wire.Chunk("""{"role":"assistant","content":null}"""),
        Wire.Chunk("""{"reasoning_content":"Hm"}"""),
        Wire.Chunk("""{"content":"I "}"""),
        Wire.Chunk("""{"content":"look.\n"}"""),
        Wire.Chunk("""{"tool_calls":[{"index":0,"id":"call_1","type":"function","function":{"name":"weather","arguments":""}}]}"""),
        Wire.Chunk("""{"tool_calls":[{"index":0,"function":{"arguments":"{\"city\":"}}]}"""),
        Wire.Chunk("""{"tool_calls":[{"index":0,"function":{"arguments":"\"Comox\"}"}}]}"""),
        Wire.Chunk("""{"tool_calls":[{"index":1,"id":"call_2","type":"function","function":{"name":"now","arguments":""}}]}"""),
        Wire.Chunk("{}", "\"tool_calls\""),
        Wire.UsageChunk("""{"prompt_tokens":100,"completion_tokens":7,"total_tokens":107,"prompt_tokens_details":{"cached_tokens":64}}"""),
    ];

    [Fact]
    public void An_answer_is_the_events_of_the_protocol_byte_for_byte() =>
        Assert.Equal(
            """
            event: message_start
            data: {"type":"message_start","message":{"id":"msg_1","type":"message","role":"assistant","model":"m","content":[],"stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":0,"cache_creation_input_tokens":0,"cache_read_input_tokens":0,"output_tokens":0}}}

            event: content_block_start
            data: {"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":"","signature":""}}

            event: content_block_delta
            data: {"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"Hm"}}

            event: content_block_stop
            data: {"type":"content_block_stop","index":0}

            event: content_block_start
            data: {"type":"content_block_start","index":1,"content_block":{"type":"text","text":""}}

            event: content_block_delta
            data: {"type":"content_block_delta","index":1,"delta":{"type":"text_delta","text":"I "}}

            event: content_block_delta
            data: {"type":"content_block_delta","index":1,"delta":{"type":"text_delta","text":"look.\n"}}

            event: content_block_stop
            data: {"type":"content_block_stop","index":1}

            event: content_block_start
            data: {"type":"content_block_start","index":2,"content_block":{"type":"tool_use","id":"call_1","name":"weather","input":{}}}

            event: content_block_delta
            data: {"type":"content_block_delta","index":2,"delta":{"type":"input_json_delta","partial_json":"{\"city\":"}}

            event: content_block_delta
            data: {"type":"content_block_delta","index":2,"delta":{"type":"input_json_delta","partial_json":"\"Comox\"}"}}

            event: content_block_stop
            data: {"type":"content_block_stop","index":2}

            event: content_block_start
            data: {"type":"content_block_start","index":3,"content_block":{"type":"tool_use","id":"call_2","name":"now","input":{}}}

            event: content_block_delta
            data: {"type":"content_block_delta","index":3,"delta":{"type":"input_json_delta","partial_json":"{}"}}

            event: content_block_stop
            data: {"type":"content_block_stop","index":3}

            event: message_delta
            data: {"type":"message_delta","delta":{"stop_reason":"tool_use","stop_sequence":null},"usage":{"input_tokens":36,"cache_creation_input_tokens":0,"cache_read_input_tokens":64,"output_tokens":7}}

            event: message_stop
            data: {"type":"message_stop"}


            """,
            Wire.Stream(Answer));

    [Fact]
    public void A_whole_answer_is_what_the_stream_adds_up_to()
    {
        var whole = Wire.Whole(Answer);
        Wire.Same(
            """
            {"id":"msg_1","type":"message","role":"assistant","model":"m","content":[{"type":"thinking","thinking":"Hm","signature":""},{"type":"text","text":"I look.\n"},
            {"type":"tool_use","id":"call_1","name":"weather","input":{"city":"Comox"}},{"type":"tool_use","id":"call_2","name":"now","input":{}}],
            "stop_reason":"tool_use","stop_sequence":null,"usage":{"input_tokens":36,"cache_creation_input_tokens":0,"cache_read_input_tokens":64,"output_tokens":7}}
            """,
            whole);
        Wire.Same(MessageFold.Of(Wire.Stream(Answer)).ToJsonString(), whole);
    }

    [Theory]
    [InlineData("\"stop\"", "", "\"end_turn\"", "null")]
    [InlineData("\"length\"", "", "\"max_tokens\"", "null")]
    [InlineData("\"tool_calls\"", "", "\"tool_use\"", "null")]
    [InlineData("\"function_call\"", "", "\"tool_use\"", "null")]
    [InlineData("\"content_filter\"", "", "\"refusal\"", "null")]
    [InlineData("\"stop\"", ",\"stop_reason\":\"END\\n\"", "\"stop_sequence\"", "\"END\\n\"")]
    [InlineData("\"stop\"", ",\"stop_reason\":151645", "\"end_turn\"", "null")]
    [InlineData("\"stop\"", ",\"stop_reason\":null", "\"end_turn\"", "null")]
    [InlineData("\"length\"", ",\"stop_reason\":\"x\"", "\"max_tokens\"", "null")]
    [InlineData("\"stop\"", ",\"native_finish_reason\":\"end_turn\"", "\"end_turn\"", "null")]
    [InlineData("\"length\"", ",\"native_finish_reason\":\"max_tokens\"", "\"max_tokens\"", "null")]
    [InlineData("\"stop\"", ",\"native_finish_reason\":\"stop_sequence\",\"stop_reason\":\"x\"", "\"stop_sequence\"", "\"x\"")]
    [InlineData("\"tool_calls\"", ",\"native_finish_reason\":\"tool_use\"", "\"tool_use\"", "null")]
    [InlineData("\"length\"", ",\"native_finish_reason\":\"pause_turn\"", "\"pause_turn\"", "null")]
    [InlineData("\"content_filter\"", ",\"native_finish_reason\":\"refusal\"", "\"refusal\"", "null")]
    [InlineData("\"length\"", ",\"native_finish_reason\":\"model_context_window_exceeded\"", "\"model_context_window_exceeded\"", "null")]
    [InlineData("\"length\"", ",\"native_finish_reason\":\"MAX_TOKENS\"", "\"max_tokens\"", "null")]
    [InlineData("\"abort\"", "", "null", "null")]
    [InlineData("null", "", "null", "null")]
    public void Every_finish_reason_has_its_stop_reason_streamed_and_whole(string finish, string besides, string reason, string sequence)
    {
        string[] chunks = [Wire.Chunk("""{"content":"Hi"}"""), Wire.Chunk("{}", finish, besides)];
        foreach (var message in new[] { MessageFold.Of(Wire.Stream(chunks)), JsonNode.Parse(Wire.Whole(chunks))!.AsObject() })
            Assert.Equal((reason, sequence), (message["stop_reason"]?.ToJsonString() ?? "null", message["stop_sequence"]?.ToJsonString() ?? "null"));
    }

    [Theory]
    [InlineData("""{"tool_calls":[{"index":0,"id":"c","type":"function","function":{"name":"f","arguments":"{}"}}]}""", "tool_use")]
    [InlineData("""{"refusal":"I cannot."}""", "refusal")]
    public void A_stop_that_is_more_than_a_stop_says_so(string delta, string reason)
    {
        string[] chunks = [Wire.Chunk(delta), Wire.Chunk("{}", "\"stop\"")];
        Assert.Equal(reason, (string?)MessageFold.Of(Wire.Stream(chunks))["stop_reason"]);
        Assert.Equal(reason, (string?)JsonNode.Parse(Wire.Whole(chunks))!["stop_reason"]);
    }

    [Fact]
    public void Thinking_is_signed_once_and_what_follows_the_signature_is_another_block()
    {
        string[] chunks =
        [
            Wire.Chunk("""{"reasoning_content":"A"}"""), Wire.Chunk("""{"reasoning_signature":"s1"}"""), Wire.Chunk("""{"reasoning_signature":"+s1"}"""),
            Wire.Chunk("""{"reasoning_content":"B"}"""), Wire.Chunk("""{"reasoning_signature":"s2"}"""), Wire.Chunk("""{"redacted_thinking":{"data":"d=="}}"""),
            Wire.Chunk("""{"reasoning_signature":"s3"}"""), Wire.Chunk("""{"content":"Hi"}"""), Wire.Chunk("{}", "\"stop\""),
        ];
        Wire.Same(
            """
            [{"type":"thinking","thinking":"A","signature":"s1+s1"},{"type":"thinking","thinking":"B","signature":"s2"},{"type":"redacted_thinking","data":"d=="},
            {"type":"thinking","thinking":"","signature":"s3"},{"type":"text","text":"Hi"}]
            """,
            MessageFold.Of(Wire.Stream(chunks))["content"]!.ToJsonString());
    }

    [Theory]
    [InlineData("""{"reasoning":"Hm"}""", """[{"type":"thinking","thinking":"Hm","signature":""}]""")]
    [InlineData("""{"reasoning":"Hm","reasoning_content":"Hm"}""", """[{"type":"thinking","thinking":"Hm","signature":""}]""")]
    [InlineData("""{"content":"B","reasoning_content":"A"}""", """[{"type":"thinking","thinking":"A","signature":""},{"type":"text","text":"B"}]""")]
    [InlineData("""{"tool_calls":[{"id":"c","function":{"name":"f","arguments":"{\"a\":1}"}}],"content":"B"}""", """[{"type":"text","text":"B"},{"type":"tool_use","id":"c","name":"f","input":{"a":1}}]""")]
    [InlineData("""{"tool_calls":[{"index":0,"id":"","function":{"name":"f","arguments":"{}"}},{"index":1,"function":{"name":"g","arguments":"{}"}}]}""",
        """[{"type":"tool_use","id":"toolu_req_1_0","name":"f","input":{}},{"type":"tool_use","id":"toolu_req_1_1","name":"g","input":{}}]""")]
    [InlineData("""{"content":"","reasoning_content":""}""", "[]")]
    public void Engines_word_their_deltas_in_many_ways(string delta, string content)
    {
        string[] chunks = [Wire.Chunk(delta), Wire.Chunk("{}", "\"stop\"")];
        Wire.Same(content, MessageFold.Of(Wire.Stream(chunks))["content"]!.ToJsonString());
        Wire.Same(content, JsonNode.Parse(Wire.Whole(chunks))!["content"]!.ToJsonString());
    }

    [Fact]
    public void A_calls_name_may_come_after_its_id()
    {
        string[] chunks =
        [
            Wire.Chunk("""{"tool_calls":[{"index":0,"id":"c","function":{}}]}"""), Wire.Chunk("""{"tool_calls":[{"index":0,"function":{"name":"f","arguments":"{}"}}]}"""),
            Wire.Chunk("{}", "\"tool_calls\""),
        ];
        Wire.Same("""[{"type":"tool_use","id":"c","name":"f","input":{}}]""", MessageFold.Of(Wire.Stream(chunks))["content"]!.ToJsonString());
    }

    [Fact]
    public void A_piece_of_an_earlier_call_goes_to_its_own_block()
    {
        var events = Wire.Data(Wire.Stream(
            Wire.Chunk("""{"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":"{\"x\":"}}]}"""),
            Wire.Chunk("""{"tool_calls":[{"index":1,"id":"b","function":{"name":"g","arguments":"{}"}}]}"""),
            Wire.Chunk("""{"tool_calls":[{"index":0,"function":{"arguments":"1}"}}]}"""))).Select(data => JsonNode.Parse(data)!).ToList();
        Assert.Equal("{\"x\":1}", string.Concat(events.Where(item => (int?)item["index"] == 0).Select(item => (string?)item["delta"]?["partial_json"])));
        Assert.Equal("{}", string.Concat(events.Where(item => (int?)item["index"] == 1).Select(item => (string?)item["delta"]?["partial_json"])));
    }

    [Theory]
    [InlineData("\"index\":0,")]
    [InlineData("")]
    public void Calls_that_an_engine_numbers_alike_are_told_apart_by_their_ids(string index)
    {
        string[] chunks =
        [
            Wire.Chunk($$$"""{"tool_calls":[{{{{index}}}"id":"a","function":{"name":"f","arguments":"{\"x\":"}}]}"""),
            // Another id on a piece without a name, as old versions of vLLM have it, is the same call.
            Wire.Chunk($$$"""{"tool_calls":[{{{{index}}}"id":"z","function":{"arguments":"1}"}}]}"""),
            Wire.Chunk($$$"""{"tool_calls":[{{{{index}}}"id":"b","function":{"name":"f","arguments":"{\"x\":2}"}}]}"""),
            Wire.Chunk("{}", "\"tool_calls\""),
        ];
        foreach (var message in new[] { MessageFold.Of(Wire.Stream(chunks)), JsonNode.Parse(Wire.Whole(chunks))! })
            Assert.Equal("a 1, b 2", string.Join(", ", message["content"]!.AsArray().Select(call => $"{call!["id"]} {call["input"]!["x"]}")));
    }

    [Fact]
    public void Arguments_that_were_cut_off_are_shown_and_not_emptied()
    {
        string[] chunks = [Wire.Chunk("""{"tool_calls":[{"index":0,"id":"c","function":{"name":"rm","arguments":"{\"path\":\"/tm"}}]}"""), Wire.Chunk("{}", "\"length\"")];
        var whole = JsonNode.Parse(Wire.Whole(chunks))!;
        Assert.Equal("max_tokens", (string?)whole["stop_reason"]);
        Wire.Same("""{"invalid_arguments":"{\"path\":\"/tm"}""", whole["content"]![0]!["input"]!.ToJsonString());
    }

    [Fact]
    public void An_answer_of_nothing_is_a_message_without_content()
    {
        var message = MessageFold.Of(Wire.Stream());
        Assert.Equal(("msg_req_1", "asked"), ((string?)message["id"], (string?)message["model"]));
        Assert.Empty(message["content"]!.AsArray());
        Assert.Null(message["stop_reason"]);
    }

    [Fact]
    public void The_first_event_carries_the_estimate_and_the_last_the_count()
    {
        var dialect = new MessagesDialect("req_1", "m", 120);
        var output = new ArrayBufferWriter<byte>();
        dialect.WriteChunk(Encoding.UTF8.GetBytes(Wire.Chunk("""{"content":"Hi"}""", "\"stop\"")), output);
        dialect.WriteChunk(Encoding.UTF8.GetBytes(Wire.UsageChunk("""{"prompt_tokens":100,"completion_tokens":2}""")), output);
        dialect.WriteEnd(output);
        var events = Wire.Data(Encoding.UTF8.GetString(output.WrittenSpan)).Select(data => JsonNode.Parse(data)!).ToList();
        Assert.Equal(120, (int)events[0]["message"]!["usage"]!["input_tokens"]!);
        Assert.Equal(100, (int)events[^2]["usage"]!["input_tokens"]!);
    }

    [Theory]
    [InlineData(400, "invalid_request_error")]
    [InlineData(401, "authentication_error")]
    [InlineData(402, "billing_error")]
    [InlineData(403, "permission_error")]
    [InlineData(404, "not_found_error")]
    [InlineData(405, "invalid_request_error")]
    [InlineData(409, "invalid_request_error")]
    [InlineData(413, "request_too_large")]
    [InlineData(422, "invalid_request_error")]
    [InlineData(429, "rate_limit_error")]
    [InlineData(500, "api_error")]
    [InlineData(502, "api_error")]
    [InlineData(503, "overloaded_error")]
    [InlineData(504, "timeout_error")]
    [InlineData(529, "overloaded_error")]
    public void Every_status_has_its_type(int status, string type)
    {
        var output = new ArrayBufferWriter<byte>();
        new MessagesDialect("req_1", "m").WriteError(status, new ApiErrorDetail("Say \"hi\".", "whatever", "model", "model_not_found"), output);
        Wire.Same(
            $$$"""{"type":"error","error":{"type":"{{{type}}}","message":"Say \"hi\".","code":"model_not_found","param":"model"}}""", Encoding.UTF8.GetString(output.WrittenSpan));
    }

    [Theory]
    [InlineData("server_error", "upstream_error", "api_error")]
    [InlineData("server_error", "engine_unavailable", "overloaded_error")]
    [InlineData("server_error", "engine_loading", "overloaded_error")]
    [InlineData("server_error", "upstream_timeout", "timeout_error")]
    [InlineData("invalid_request_error", "context_length_exceeded", "invalid_request_error")]
    [InlineData("rate_limit_error", "upstream_error", "rate_limit_error")]
    public void A_stream_that_breaks_ends_with_an_error_event_and_no_stop(string type, string code, string expected)
    {
        var dialect = new MessagesDialect("req_1", "m");
        var output = new ArrayBufferWriter<byte>();
        dialect.WriteChunk(Encoding.UTF8.GetBytes(Wire.Chunk("""{"content":"Hi"}""")), output);
        output.Clear();
        dialect.WriteStreamError(new ApiErrorDetail("Gone.", type, null, code), output);
        Assert.Equal(
            $$$"""
            event: error
            data: {"type":"error","error":{"type":"{{{expected}}}","message":"Gone.","code":"{{{code}}}"}}


            """,
            Encoding.UTF8.GetString(output.WrittenSpan));
    }
}
