using System.Text.Json.Nodes;

namespace Comox.Gateway.Tests.Anthropic;

public sealed class ChatRequestTests
{
    private const string Open = """{"role":"user","content":[{"type":"text","text":"(The conversation begins.)"}]}""";

    [Theory]
    [InlineData("""{"role":"user","content":"Hi"}""", """[{"role":"user","content":[{"type":"text","text":"Hi"}]}]""")]
    [InlineData("""{"role":"user","content":[{"type":"text","text":"Hi","cache_control":{"type":"ephemeral"}}]}""",
        """[{"role":"user","content":[{"type":"text","text":"Hi","cache_control":{"type":"ephemeral"}}]}]""")]
    [InlineData("""{"role":"user","content":"A"},{"role":"user","name":"mara","content":"B"}""", """[{"role":"user","content":[{"type":"text","text":"A"},{"type":"text","text":"B"}]}]""")]
    [InlineData("""{"role":"user","content":"A"},{"role":"system","content":"S"},{"role":"user","content":"B"}""", """[{"role":"user","content":[{"type":"text","text":"A"},{"type":"text","text":"B"}]}]""")]
    [InlineData("""{"role":"user","content":"A"},{"role":"user","content":"  "},{"role":"assistant","content":""},{"role":"user","content":[{"type":"text","text":""}]}""",
        """[{"role":"user","content":[{"type":"text","text":"A"}]}]""")]
    [InlineData("""{"role":"assistant","content":"Welcome."},{"role":"user","content":"Hi"}""",
        $$"""[{{Open}},{"role":"assistant","content":[{"type":"text","text":"Welcome."}]},{"role":"user","content":[{"type":"text","text":"Hi"}]}]""")]
    [InlineData("""{"role":"system","content":"S"}""", $"[{Open}]")]
    [InlineData("""{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:image/png;base64,iV+/=","detail":"low"}},{"type":"text","text":"What?"}]}""",
        """[{"role":"user","content":[{"type":"image","source":{"type":"base64","media_type":"image/png","data":"iV+/="}},{"type":"text","text":"What?"}]}]""")]
    [InlineData("""{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:image/svg+xml;charset=utf-8;base64,PHN2"}}]}""",
        """[{"role":"user","content":[{"type":"image","source":{"type":"base64","media_type":"image/svg+xml","data":"PHN2"}}]}]""")]
    [InlineData("""{"role":"user","content":[{"type":"image_url","image_url":{"url":"https://x/y.png"}}]}""", """[{"role":"user","content":[{"type":"image","source":{"type":"url","url":"https://x/y.png"}}]}]""")]
    [InlineData("""
        {"role":"user","content":"W?"},{"role":"assistant","content":null,"tool_calls":[{"id":"a","type":"function","function":{"name":"f","arguments":"{ \"x\" : 1.0 }"}},{"id":"functions.g:1","type":"function","function":{"name":"g","arguments":""}}]},
        {"role":"tool","tool_call_id":"a","content":"5°"},{"role":"tool","tool_call_id":"functions.g:1","content":[{"type":"text","text":"no"}],"is_error":true},{"role":"user","content":"And?"}
        """, """
        [{"role":"user","content":[{"type":"text","text":"W?"}]},{"role":"assistant","content":[{"type":"tool_use","id":"a","name":"f","input":{"x":1.0}},{"type":"tool_use","id":"functions_g_1","name":"g","input":{}}]},
        {"role":"user","content":[{"type":"tool_result","tool_use_id":"a","content":[{"type":"text","text":"5°"}]},{"type":"tool_result","tool_use_id":"functions_g_1","content":[{"type":"text","text":"no"}],"is_error":true},{"type":"text","text":"And?"}]}]
        """)]
    [InlineData("""{"role":"user","content":"A"},{"role":"assistant","content":"Yes.","reasoning_content":"Hm","reasoning_signature":"s1"}""",
        """[{"role":"user","content":[{"type":"text","text":"A"}]},{"role":"assistant","content":[{"type":"thinking","thinking":"Hm","signature":"s1"},{"type":"text","text":"Yes."}]}]""")]
    [InlineData("""{"role":"user","content":"A"},{"role":"assistant","content":"Yes.","reasoning_content":"Hm"}""",
        """[{"role":"user","content":[{"type":"text","text":"A"}]},{"role":"assistant","content":[{"type":"text","text":"Yes."}]}]""")]
    [InlineData("""
        {"role":"user","content":"A"},{"role":"assistant","content":"Yes.","reasoning_content":"HmHo","reasoning_signature":"s1s2","thinking_blocks":[{"type":"thinking","thinking":"Hm","signature":"s1"},{"type":"thinking","thinking":"unsigned","signature":""},{"type":"redacted_thinking","data":"d"}]}
        """,
        """[{"role":"user","content":[{"type":"text","text":"A"}]},{"role":"assistant","content":[{"type":"thinking","thinking":"Hm","signature":"s1"},{"type":"redacted_thinking","data":"d"},{"type":"text","text":"Yes."}]}]""")]
    [InlineData("""{"role":"user","content":"A"},{"role":"assistant","content":[{"type":"refusal","refusal":"No."}]},{"role":"user","content":"B"},{"role":"assistant","refusal":"Never."}""",
        """[{"role":"user","content":[{"type":"text","text":"A"}]},{"role":"assistant","content":[{"type":"text","text":"No."}]},{"role":"user","content":[{"type":"text","text":"B"}]},{"role":"assistant","content":[{"type":"text","text":"Never."}]}]""")]
    public void Chat_messages_become_turns_that_alternate(string messages, string expected) =>
        Wire.Same(expected, JsonNode.Parse(Wire.ToMessages($$"""{"model":"m","messages":[{{messages}}]}"""))!["messages"]!.ToJsonString());

    [Theory]
    [InlineData("""{"role":"system","content":"S"}""", "\"S\"")]
    [InlineData("""{"role":"developer","content":"S"}""", "\"S\"")]
    [InlineData("""{"role":"system","content":"S"},{"role":"user","content":"Hi"},{"role":"developer","content":[{"type":"text","text":"D","cache_control":{"type":"ephemeral"}}]}""",
        """[{"type":"text","text":"S"},{"type":"text","text":"D","cache_control":{"type":"ephemeral"}}]""")]
    [InlineData("""{"role":"system","content":" "}""", "null")]
    public void System_and_developer_messages_become_the_system_prompt(string messages, string expected) =>
        Wire.Same(expected, JsonNode.Parse(Wire.ToMessages($$"""{"model":"m","messages":[{{messages}}]}"""))!["system"]?.ToJsonString() ?? "null");

    [Theory]
    [InlineData("", "\"max_tokens\":4096")]
    [InlineData("\"max_tokens\":7", "\"max_tokens\":7")]
    [InlineData("\"max_tokens\":7,\"max_completion_tokens\":9", "\"max_tokens\":9")]
    [InlineData("\"max_tokens\":7,\"stop\":\"x\"", "\"max_tokens\":7,\"stop_sequences\":[\"x\"]")]
    [InlineData("\"max_tokens\":7,\"stop\":[\"x\",\"\\n\",\"y\"]", "\"max_tokens\":7,\"stop_sequences\":[\"x\",\"y\"]")]
    [InlineData("\"max_tokens\":7,\"stop\":[\"\\n\"]", "\"max_tokens\":7")]
    [InlineData("\"max_tokens\":7,\"stop\":null", "\"max_tokens\":7")]
    [InlineData("\"max_tokens\":7,\"temperature\":1.3", "\"max_tokens\":7,\"temperature\":1")]
    [InlineData("\"max_tokens\":7,\"temperature\":0.7", "\"max_tokens\":7,\"temperature\":0.7")]
    [InlineData("\"max_tokens\":7,\"temperature\":0.7,\"top_p\":0.9", "\"max_tokens\":7,\"temperature\":0.7")]
    [InlineData("\"max_tokens\":7,\"temperature\":null,\"top_p\":0.9", "\"max_tokens\":7,\"top_p\":0.9")]
    [InlineData("\"max_tokens\":7,\"top_k\":40,\"thinking\":{\"type\":\"adaptive\"},\"newer\":[1]", "\"max_tokens\":7,\"top_k\":40,\"thinking\":{\"type\":\"adaptive\"},\"newer\":[1]")]
    [InlineData("\"max_tokens\":7,\"user\":\"u1\",\"metadata\":{\"tag\":\"x\"},\"service_tier\":\"flex\"", "\"max_tokens\":7,\"metadata\":{\"user_id\":\"u1\"}")]
    [InlineData("\"max_tokens\":7,\"seed\":1,\"frequency_penalty\":0.1,\"logprobs\":true,\"min_p\":0.1,\"n\":1,\"stream\":false,\"stream_options\":{}", "\"max_tokens\":7")]
    [InlineData("\"max_tokens\":7,\"response_format\":{\"type\":\"text\"}", "\"max_tokens\":7")]
    [InlineData("""
        "max_tokens":7,"response_format":{"type":"json_schema","json_schema":{"name":"n","strict":true,"schema":{"type":"object"}}},"output_config":{"effort":"low"}
        """, """
        "max_tokens":7,"output_config":{"effort":"low","format":{"type":"json_schema","schema":{"type":"object"}}}
        """)]
    [InlineData("""
        "max_tokens":7,"tools":[{"type":"function","function":{"name":"f","description":"d","parameters":{"type":"object","properties":{}},"strict":true},"cache_control":{"type":"ephemeral"}},{"type":"function","function":{"name":"g","strict":false}}]
        """, """
        "max_tokens":7,"tools":[{"name":"f","description":"d","input_schema":{"type":"object","properties":{}},"strict":true,"cache_control":{"type":"ephemeral"}},{"name":"g","input_schema":{"type":"object"}}]
        """)]
    [InlineData("\"max_tokens\":7,\"tools\":[],\"tool_choice\":\"auto\"", "\"max_tokens\":7")]
    public void A_setting_becomes_its_counterpart(string fields, string expected) =>
        Wire.Same(
            $$"""{"model":"m","messages":[{"role":"user","content":[{"type":"text","text":"Hi"}]}],{{expected}},"stream":true}""",
            Wire.ToMessages($$"""{"model":"m",{{fields}}{{(fields.Length == 0 ? "" : ",")}}"messages":[{"role":"user","content":"Hi"}]}"""));

    [Theory]
    [InlineData("\"tool_choice\":\"auto\"", """{"type":"auto"}""")]
    [InlineData("\"tool_choice\":\"required\"", """{"type":"any"}""")]
    [InlineData("\"tool_choice\":\"none\",\"parallel_tool_calls\":false", """{"type":"none"}""")]
    [InlineData("\"tool_choice\":{\"type\":\"function\",\"function\":{\"name\":\"f\"}},\"parallel_tool_calls\":false", """{"type":"tool","name":"f","disable_parallel_tool_use":true}""")]
    [InlineData("\"parallel_tool_calls\":false", """{"type":"auto","disable_parallel_tool_use":true}""")]
    [InlineData("\"parallel_tool_calls\":true", "null")]
    public void A_choice_of_tools_becomes_its_counterpart(string fields, string expected) =>
        Wire.Same(expected, JsonNode.Parse(Wire.ToMessages(
            $$$"""{"model":"m","tools":[{"type":"function","function":{"name":"f"}}],{{{fields}}},"messages":[{"role":"user","content":"Hi"}]}"""))!["tool_choice"]?.ToJsonString() ?? "null");

    [Fact]
    public void A_number_keeps_its_digits_and_a_text_its_escapes()
    {
        var body = Wire.ToMessages("""{"model":"m","temperature":0.70,"newer":1E+2,"messages":[{"role":"user","content":"\u00e9\/"}]}""");
        Assert.Contains("\"temperature\":0.70", body);
        Assert.Contains("\"newer\":1E+2", body);
        Assert.Contains("""{"type":"text","text":"\u00e9\/"}""", body);
    }

    [Theory]
    [InlineData("\"n\":2", "n")]
    [InlineData("\"functions\":[]", "functions")]
    [InlineData("\"function_call\":\"auto\"", "function_call")]
    [InlineData("\"stop\":7", "stop")]
    [InlineData("\"stop\":[7]", "stop")]
    [InlineData("\"response_format\":{\"type\":\"json_object\"}", "response_format")]
    [InlineData("\"response_format\":{\"type\":\"json_schema\",\"json_schema\":{\"name\":\"n\"}}", "response_format.json_schema.schema")]
    [InlineData("\"tools\":{}", "tools")]
    [InlineData("\"tools\":[{\"type\":\"custom\",\"custom\":{\"name\":\"f\"}}]", "tools[0].type")]
    [InlineData("\"tools\":[{\"type\":\"function\",\"function\":{}}]", "tools[0].function.name")]
    [InlineData("\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"f\"}}],\"tool_choice\":\"maybe\"", "tool_choice")]
    [InlineData("\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"f\"}}],\"tool_choice\":{\"type\":\"allowed_tools\"}", "tool_choice")]
    public void A_setting_that_cannot_be_said_is_named(string field, string param) =>
        Assert.Equal((400, param), Named(Wire.ToMessagesFails($$"""{"model":"m",{{field}},"messages":[{"role":"user","content":"Hi"}]}""")));

    [Theory]
    [InlineData("""{"role":"function","name":"f","content":"x"}""", "messages[0].role")]
    [InlineData("""{"role":"user","content":7}""", "messages[0].content")]
    [InlineData("""{"role":"user","content":[{"type":"input_audio","input_audio":{}}]}""", "messages[0].content[0].type")]
    [InlineData("""{"role":"user","content":[{"type":"text"}]}""", "messages[0].content[0].text")]
    [InlineData("""{"role":"user","content":[{"type":"image_url","image_url":{}}]}""", "messages[0].content[0].image_url.url")]
    [InlineData("""{"role":"user","content":[{"type":"image_url","image_url":{"url":"ftp://x"}}]}""", "messages[0].content[0].image_url.url")]
    [InlineData("""{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:image/png,raw"}}]}""", "messages[0].content[0].image_url.url")]
    [InlineData("""{"role":"tool","content":"x"}""", "messages[0].tool_call_id")]
    [InlineData("""{"role":"assistant","tool_calls":[{"type":"function","function":{"name":"f"}}]}""", "messages[0].tool_calls[0].id")]
    [InlineData("""{"role":"assistant","tool_calls":[{"id":"a","type":"function","function":{"name":"f","arguments":"{\"x\":"}}]}""", "messages[0].tool_calls[0].function.arguments")]
    [InlineData("""{"role":"assistant","tool_calls":[{"id":"a","type":"function","function":{"name":"f","arguments":"[1]"}}]}""", "messages[0].tool_calls[0].function.arguments")]
    [InlineData("""{"role":"system","content":[{"type":"image_url","image_url":{"url":"https://x"}}]}""", "messages[0].content")]
    public void A_message_that_cannot_be_said_is_named(string message, string param) => Assert.Equal((400, param), Named(Wire.ToMessagesFails($$"""{"model":"m","messages":[{{message}}]}""")));

    [Fact]
    public void The_request_goes_where_Anthropic_listens()
    {
        var dialect = Wire.Engine();
        Assert.Equal("v1/messages", dialect.Path);
        Assert.Equal([new("anthropic-version", "2023-06-01")], dialect.Headers);
    }

    private static (int Status, string? Param) Named(ServiceDefaults.ApiError error)
    {
        Assert.Contains($"'{error.Param}'", error.Message);
        return (error.Status, error.Param);
    }
}
