using System.Text;
using System.Text.Json.Nodes;
using Comox.Gateway.Forwarding;

namespace Comox.Gateway.Tests.Anthropic;

public sealed class AnthropicEngineDialectTests
{
    private const string Start = """{"type":"message_start","message":{"id":"msg_1","type":"message","role":"assistant","model":"claude","content":[],"stop_reason":null,"usage":{"input_tokens":10,"cache_creation_input_tokens":20,"cache_read_input_tokens":70,"output_tokens":1}}}""";
    private const string Head = "{\"id\":\"msg_1\",\"object\":\"chat.completion.chunk\",\"created\":1800000000,\"model\":\"claude\",\"choices\":[";
    private const string Tail = "},\"finish_reason\":null}]}";
    private const string Stop = """{"type":"message_stop"}""";

    [Theory]
    [InlineData("""{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}""")]
    [InlineData("""{"type":"content_block_start","index":0,"content_block":{"type":"text","text":"Hi","citations":null}}""", "\"content\":\"Hi\"")]
    [InlineData("""{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"Gr\u00fc\n\ud83d"}}""", "\"content\":\"Gr\\u00fc\\n\\ud83d\"")]
    [InlineData("""{"delta":{"text":"late","type":"text_delta"},"index":0,"type":"content_block_delta"}""", "\"content\":\"late\"")]
    [InlineData("""{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":""}}""")]
    [InlineData("""{"type":"content_block_delta","index":0,"delta":{"type":"citations_delta","citation":{"type":"char_location","cited_text":"x"}}}""")]
    [InlineData("""{"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":"","signature":""}}""")]
    [InlineData("""{"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"Hm"}}""", "\"reasoning_content\":\"Hm\"")]
    [InlineData("""{"type":"content_block_delta","index":0,"delta":{"type":"signature_delta","signature":"Eq+/="}}""", "\"reasoning_signature\":\"Eq+/=\"")]
    [InlineData("""{"type":"content_block_start","index":0,"content_block":{"type":"redacted_thinking","data":"Em=="}}""", "\"redacted_thinking\":{\"data\":\"Em==\"}")]
    [InlineData("""{"type":"content_block_start","index":3,"content_block":{"type":"tool_use","id":"toolu_1","name":"f","input":{}}}""",
        "\"tool_calls\":[{\"index\":0,\"id\":\"toolu_1\",\"type\":\"function\",\"function\":{\"name\":\"f\",\"arguments\":\"\"}}]")]
    [InlineData("""{"type":"content_block_start","index":0,"content_block":{"type":"server_tool_use","id":"srvtoolu_1","name":"web_search","input":{}}}""")]
    [InlineData("""{"type":"content_block_delta","index":0,"delta":{"type":"input_json_delta","partial_json":"{\"query\":1}"}}""")]
    [InlineData("""{"type":"content_block_stop","index":0}""")]
    [InlineData("""{"type":"ping"}""")]
    [InlineData("""{"type":"of_next_year","delta":{"type":"text_delta","text":"x"}}""")]
    [InlineData("""{"type":"message_delta","delta":{"stop_reason":null},"usage":{"output_tokens":3}}""")]
    public void Every_event_has_its_chunk(string item, string? delta = null) =>
        Assert.Equal(
            delta is null ? [] : [$$"""{{Head}}{"index":0,"delta":{{{delta}}{{Tail}}"""],
            Wire.Chunks(Wire.Engine(), Start, item)[1..]);

    [Theory]
    [InlineData("""{"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":"a","signature":""}}""")]
    [InlineData("""{"type":"content_block_start","index":0,"content_block":{"type":"tool_use","id":"toolu_2","name":"g","input":{}}}""")]
    [InlineData("""{"type":"content_block_start","index":1,"content_block":{"type":"redacted_thinking","data":"d"}}""")]
    [InlineData("""{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"x"}}""")]
    [InlineData("""{"type":"content_block_delta","index":1,"delta":{"type":"signature_delta","signature":"s"}}""")]
    public void A_call_ends_where_something_else_goes_on_and_has_its_arguments_once(string item)
    {
        var chunks = Wire.Chunks(
            Wire.Engine(), Start, """{"type":"content_block_start","index":0,"content_block":{"type":"tool_use","id":"toolu_1","name":"f","input":{"a":1}}}""", item, """{"type":"content_block_stop","index":0}""",
            """{"type":"message_delta","delta":{"stop_reason":"tool_use"},"usage":{"output_tokens":2}}""", Stop);

        // A client of /v1/messages insists on one block at a time, and on arguments that are JSON.
        var calls = MessageFold.Of(Wire.Stream(chunks[..^1]))["content"]!.AsArray().Where(block => (string?)block!["type"] == "tool_use").ToArray();
        Assert.Equal("""{"a":1}""", calls[0]!["input"]!.ToJsonString());
        Assert.All(calls[1..], call => Assert.Equal("{}", call!["input"]!.ToJsonString()));
    }

    [Fact]
    public void The_first_chunk_names_the_role() =>
        Assert.Equal([$$"""{{Head}}{"index":0,"delta":{"role":"assistant","content":""{{Tail}}"""], Wire.Chunks(Wire.Engine(), Start));

    [Theory]
    [InlineData("end_turn", "stop")]
    [InlineData("stop_sequence", "stop")]
    [InlineData("max_tokens", "length")]
    [InlineData("tool_use", "tool_calls")]
    [InlineData("refusal", "content_filter")]
    [InlineData("pause_turn", "length")]
    [InlineData("model_context_window_exceeded", "length")]
    [InlineData("of_next_year", "length")]
    public void Every_stop_reason_has_its_finish_reason(string reason, string finish)
    {
        var chunks = Wire.Chunks(Wire.Engine(), Start, $$$"""{"type":"message_delta","delta":{"stop_reason":"{{{reason}}}","stop_sequence":null},"usage":{"output_tokens":2}}""", Stop);
        var choice = JsonNode.Parse(chunks[1])!["choices"]![0]!;
        Assert.Equal((finish, reason), ((string?)choice["finish_reason"], (string?)choice["native_finish_reason"]));
        Assert.Equal("[DONE]", chunks[^1]);
    }

    [Theory]
    [InlineData("end_turn")]
    [InlineData("stop_sequence")]
    [InlineData("max_tokens")]
    [InlineData("tool_use")]
    [InlineData("refusal")]
    [InlineData("pause_turn")]
    [InlineData("model_context_window_exceeded")]
    public void Every_stop_reason_comes_through_the_pipeline_to_a_client_of_the_same_API(string reason)
    {
        var sequence = reason == "stop_sequence" ? "\"\\n\\nHuman:\"" : "null";
        var chunks = Wire.Chunks(Wire.Engine(), Start, $$$"""{"type":"message_delta","delta":{"stop_reason":"{{{reason}}}","stop_sequence":{{{sequence}}}},"usage":{"output_tokens":2}}""", Stop)[..^1];
        foreach (var message in new[] { MessageFold.Of(Wire.Stream(chunks)), JsonNode.Parse(Wire.Whole(chunks))!.AsObject() })
            Assert.Equal((reason, sequence), ((string?)message["stop_reason"], message["stop_sequence"]?.ToJsonString() ?? "null"));
    }

    [Fact]
    public void Calls_are_counted_without_the_blocks_between_them_and_an_empty_input_is_an_object()
    {
        var chunks = Wire.Chunks(
            Wire.Engine(),
            Start,
            """{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}""",
            """{"type":"content_block_stop","index":0}""",
            """{"type":"content_block_start","index":1,"content_block":{"type":"tool_use","id":"a","name":"f","input":{}}}""",
            """{"type":"content_block_delta","index":1,"delta":{"type":"input_json_delta","partial_json":""}}""",
            """{"type":"content_block_delta","index":1,"delta":{"type":"input_json_delta","partial_json":"{\"x\":"}}""",
            """{"type":"content_block_delta","index":1,"delta":{"type":"input_json_delta","partial_json":"1}"}}""",
            """{"type":"content_block_stop","index":1}""",
            """{"type":"content_block_start","index":2,"content_block":{"type":"text","text":"and"}}""",
            """{"type":"content_block_stop","index":2}""",
            """{"type":"content_block_start","index":3,"content_block":{"type":"tool_use","id":"b","name":"g","input":{}}}""",
            """{"type":"content_block_stop","index":3}""",
            """{"type":"content_block_start","index":4,"content_block":{"type":"tool_use","id":"c","name":"h","input":{"whole" : "\"1\""}}}""",
            """{"type":"content_block_stop","index":4}""",
            """{"type":"message_delta","delta":{"stop_reason":"tool_use"},"usage":{"output_tokens":9}}""",
            Stop);
        var calls = JsonNode.Parse(Folded(chunks))!["choices"]![0]!["message"]!["tool_calls"]!;
        Wire.Same(
            """
            [{"id":"a","type":"function","function":{"name":"f","arguments":"{\"x\":1}"}},{"id":"b","type":"function","function":{"name":"g","arguments":"{}"}},
            {"id":"c","type":"function","function":{"name":"h","arguments":"{\"whole\" : \"\\\"1\\\"\"}"}}]
            """,
            calls.ToJsonString());
    }

    [Fact]
    public void Several_thoughts_come_back_unchanged_in_the_next_turn()
    {
        var chunks = Wire.Chunks(
            Wire.Engine(),
            Start,
            """{"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":"","signature":""}}""",
            """{"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"A\n"}}""",
            """{"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"B"}}""",
            """{"type":"content_block_delta","index":0,"delta":{"type":"signature_delta","signature":"s1"}}""",
            """{"type":"content_block_stop","index":0}""",
            """{"type":"content_block_start","index":1,"content_block":{"type":"redacted_thinking","data":"d=="}}""",
            """{"type":"content_block_stop","index":1}""",
            """{"type":"content_block_start","index":2,"content_block":{"type":"thinking","thinking":"","signature":""}}""",
            """{"type":"content_block_delta","index":2,"delta":{"type":"signature_delta","signature":"s3"}}""",
            """{"type":"content_block_stop","index":2}""",
            """{"type":"content_block_delta","index":3,"delta":{"type":"text_delta","text":"Yes."}}""",
            """{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":9}}""",
            Stop);
        const string expected = """
            [{"type":"thinking","thinking":"A\nB","signature":"s1"},{"type":"redacted_thinking","data":"d=="},{"type":"thinking","thinking":"","signature":"s3"},{"type":"text","text":"Yes."}]
            """;

        // A chat client sends the folded message back.
        var message = JsonNode.Parse(Folded(chunks))!["choices"]![0]!["message"]!.ToJsonString();
        var next = Wire.ToMessages($$"""{"model":"m","messages":[{"role":"user","content":"Q"},{{message}}]}""");
        Wire.Same(expected, JsonNode.Parse(next)!["messages"]![1]!["content"]!.ToJsonString());

        // A client of /v1/messages sees the same blocks, streamed and whole.
        Wire.Same(expected, MessageFold.Of(Wire.Stream(chunks[..^1]))["content"]!.ToJsonString());
        Wire.Same(expected, JsonNode.Parse(Wire.Whole(chunks[..^1]))!["content"]!.ToJsonString());
    }

    [Fact]
    public void One_signed_thought_is_said_once()
    {
        var chunks = Wire.Chunks(
            Wire.Engine(),
            Start,
            """{"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":"","signature":""}}""",
            """{"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"A"}}""",
            """{"type":"content_block_delta","index":0,"delta":{"type":"signature_delta","signature":"s1"}}""",
            """{"type":"content_block_stop","index":0}""",
            """{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":9}}""",
            Stop);
        var message = JsonNode.Parse(Folded(chunks))!["choices"]![0]!["message"]!.AsObject();
        Assert.Equal(("A", "s1", false), ((string?)message["reasoning_content"], (string?)message["reasoning_signature"], message.ContainsKey("thinking_blocks")));
    }

    [Fact]
    public void A_redacted_thought_is_kept_though_there_is_nothing_to_read()
    {
        var chunks = Wire.Chunks(
            Wire.Engine(),
            Start,
            """{"type":"content_block_start","index":0,"content_block":{"type":"redacted_thinking","data":"d=="}}""",
            """{"type":"content_block_stop","index":0}""",
            """{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":9}}""",
            Stop);
        Wire.Same("""[{"type":"redacted_thinking","data":"d=="}]""", JsonNode.Parse(Folded(chunks))!["choices"]![0]!["message"]!["thinking_blocks"]!.ToJsonString());
    }

    [Theory]
    [InlineData("invalid_request_error", 400)]
    [InlineData("authentication_error", 401)]
    [InlineData("billing_error", 402)]
    [InlineData("permission_error", 403)]
    [InlineData("not_found_error", 404)]
    [InlineData("request_too_large", 413)]
    [InlineData("rate_limit_error", 429)]
    [InlineData("api_error", 500)]
    [InlineData("overloaded_error", 503)]
    [InlineData("timeout_error", 504)]
    [InlineData("of_next_year", 502)]
    public void An_error_is_the_last_thing_said(string type, int code)
    {
        var chunks = Wire.Chunks(
            Wire.Engine(),
            Start,
            $$"""{"type":"error","error":{"type":"{{type}}","message":"It is \"full\"."},"request_id":"req_9"}""",
            """{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":9}}""",
            Stop);
        Assert.Equal(2, chunks.Count);
        Wire.Same($$$"""{"error":{"message":"It is \"full\".","type":"{{{type}}}","param":null,"code":{{{code}}}}}""", chunks[1]);
        var scan = ChunkScan.Read(Encoding.UTF8.GetBytes(chunks[1]), null);
        Assert.True(scan.IsValid && scan.IsError);
    }

    [Theory]
    [InlineData("{\"type\":\"content_blo")]
    [InlineData("<html>")]
    public void An_event_that_is_no_JSON_is_an_error(string item)
    {
        var chunks = Wire.Chunks(Wire.Engine(), Start, item, Stop);
        Assert.Equal(2, chunks.Count);
        Assert.True(ChunkScan.Read(Encoding.UTF8.GetBytes(chunks[1]), null).IsError);
    }

    [Fact]
    public void An_answer_without_a_stop_reason_is_no_whole_answer()
    {
        var chunks = Wire.Chunks(Wire.Engine(), Start, Stop);
        Assert.True(ChunkScan.Read(Encoding.UTF8.GetBytes(chunks[^1]), null).IsError);
        Assert.DoesNotContain("[DONE]", chunks);
    }

    [Fact]
    public void An_answer_that_breaks_off_is_not_done()
    {
        var chunks = Wire.Chunks(Wire.Engine(), Start, """{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"Half"}}""");
        Assert.Equal(2, chunks.Count);
        Assert.All(chunks, chunk => Assert.Null(JsonNode.Parse(chunk)!["choices"]![0]!["finish_reason"]));
    }

    [Fact]
    public void What_it_writes_is_what_the_pump_reads()
    {
        var text = new ReplyText();
        foreach (var chunk in Wire.Chunks(Wire.Engine(), Start, """{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"Hi"}}"""))
        {
            var scan = ChunkScan.Read(Encoding.UTF8.GetBytes(chunk), text);
            Assert.True(scan.IsValid);
            Assert.Equal(chunk.Contains("Hi", StringComparison.Ordinal), scan.HasToken);
        }

        Assert.Equal("Hi", text.ToString());
    }

    private static string Folded(List<string> chunks)
    {
        var fold = new CompletionFold();
        foreach (var chunk in chunks[..^1])
            fold.Add(Encoding.UTF8.GetBytes(chunk));
        return Encoding.UTF8.GetString(fold.ToUtf8Json());
    }
}
