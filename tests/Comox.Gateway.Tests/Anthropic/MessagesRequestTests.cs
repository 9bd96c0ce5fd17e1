using System.Text;
using System.Text.Json.Nodes;
using Comox.Gateway.Anthropic;
using Comox.Gateway.OpenAI;

namespace Comox.Gateway.Tests.Anthropic;

public sealed class MessagesRequestTests
{
    [Theory]
    [InlineData("\"Be brief.\"", """[{"role":"system","content":"Be brief."}]""")]
    [InlineData("""[{"type":"text","text":"Be brief."}]""", """[{"role":"system","content":"Be brief."}]""")]
    [InlineData("""[{"type":"text","text":"A"},{"type":"text","text":"B","cache_control":{"type":"ephemeral"}}]""",
        """[{"role":"system","content":[{"type":"text","text":"A"},{"type":"text","text":"B","cache_control":{"type":"ephemeral"}}]}]""")]
    [InlineData("\"\"", "[]")]
    [InlineData("[]", "[]")]
    [InlineData("null", "[]")]
    public void The_system_prompt_becomes_the_first_message(string system, string expected)
    {
        var messages = JsonNode.Parse(Wire.ToChat($$"""{"model":"m","max_tokens":9,"system":{{system}},"messages":[{"role":"user","content":"Hi"}]}"""))!["messages"]!.AsArray();
        messages.RemoveAt(messages.Count - 1);
        Wire.Same(expected, messages.ToJsonString());
    }

    [Theory]
    [InlineData("""{"role":"user","content":"Hi"}""", """[{"role":"user","content":"Hi"}]""")]
    [InlineData("""{"role":"user","content":[{"type":"text","text":"Hi"}]}""", """[{"role":"user","content":"Hi"}]""")]
    [InlineData("""{"role":"user","content":[]}""", """[{"role":"user","content":""}]""")]
    [InlineData("""{"role":"user","content":[{"type":"text","text":"A"},{"type":"text","text":"B"}]}""",
        """[{"role":"user","content":[{"type":"text","text":"A"},{"type":"text","text":"B"}]}]""")]
    [InlineData("""{"role":"user","content":[{"type":"text","text":"A","cache_control":{"type":"ephemeral","ttl":"1h"}}]}""",
        """[{"role":"user","content":[{"type":"text","text":"A","cache_control":{"type":"ephemeral","ttl":"1h"}}]}]""")]
    [InlineData("""{"role":"user","content":[{"type":"image","source":{"type":"base64","media_type":"image/png","data":"iV+/="}},{"type":"text","text":"What?"}]}""",
        """[{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:image/png;base64,iV+/="}},{"type":"text","text":"What?"}]}]""")]
    [InlineData("""{"role":"user","content":[{"type":"image","source":{"type":"url","url":"https://x/y.png"},"cache_control":{"type":"ephemeral"}}]}""",
        """[{"role":"user","content":[{"type":"image_url","image_url":{"url":"https://x/y.png"},"cache_control":{"type":"ephemeral"}}]}]""")]
    [InlineData("""{"role":"user","content":[{"type":"text","text":"And?"},{"type":"tool_result","tool_use_id":"t1","content":"5°"},{"type":"tool_result","tool_use_id":"t2","is_error":true}]}""",
        """[{"role":"tool","tool_call_id":"t1","content":"5°"},{"role":"tool","tool_call_id":"t2","content":"","is_error":true},{"role":"user","content":"And?"}]""")]
    [InlineData("""{"role":"user","content":[{"type":"tool_result","tool_use_id":"t1","content":[{"type":"text","text":"5°"}]}]}""", """[{"role":"tool","tool_call_id":"t1","content":"5°"}]""")]
    [InlineData("""{"role":"user","content":[{"type":"tool_result","tool_use_id":"t1","content":[{"type":"text","text":"A"},{"type":"image","source":{"type":"base64","media_type":"image/gif","data":"R0"}}]}]}""",
        """[{"role":"tool","tool_call_id":"t1","content":[{"type":"text","text":"A"},{"type":"image_url","image_url":{"url":"data:image/gif;base64,R0"}}]}]""")]
    [InlineData("""{"role":"assistant","content":[{"type":"text","text":"I look."},{"type":"tool_use","id":"t1","name":"weather","input":{"city" : "Comox"}},{"type":"tool_use","id":"t2","name":"now","input":{}}]}""",
        """[{"role":"assistant","content":"I look.","tool_calls":[{"id":"t1","type":"function","function":{"name":"weather","arguments":"{\"city\" : \"Comox\"}"}},{"id":"t2","type":"function","function":{"name":"now","arguments":"{}"}}]}]""")]
    [InlineData("""{"role":"assistant","content":[{"type":"tool_use","id":"t1","name":"now","input":{}}]}""",
        """[{"role":"assistant","content":null,"tool_calls":[{"id":"t1","type":"function","function":{"name":"now","arguments":"{}"}}]}]""")]
    [InlineData("""{"role":"assistant","content":[{"type":"thinking","thinking":"Hm.","signature":""},{"type":"text","text":"Yes."}]}""",
        """[{"role":"assistant","content":"Yes.","reasoning_content":"Hm."}]""")]
    [InlineData("""{"role":"assistant","content":[{"type":"thinking","thinking":"Hm.","signature":"s1"},{"type":"redacted_thinking","data":"d"},{"type":"text","text":"Yes."}]}""",
        """[{"role":"assistant","content":"Yes.","reasoning_content":"Hm.","thinking_blocks":[{"type":"thinking","thinking":"Hm.","signature":"s1"},{"type":"redacted_thinking","data":"d"}]}]""")]
    [InlineData("""{"role":"system","content":"From here on, rhyme."}""", """[{"role":"system","content":"From here on, rhyme."}]""")]
    public void A_turn_becomes_chat_messages(string turn, string expected) =>
        Wire.Same(expected, JsonNode.Parse(Wire.ToChat($$"""{"model":"m","max_tokens":9,"messages":[{{turn}}]}"""))!["messages"]!.ToJsonString());

    [Theory]
    [InlineData("\"stop_sequences\":[\"\\n\",\"x\"]", "\"stop\":[\"\\n\",\"x\"]")]
    [InlineData("\"stop_sequences\":[]", "")]
    [InlineData("\"metadata\":{\"user_id\":\"u1\"}", "\"user\":\"u1\"")]
    [InlineData("\"metadata\":{\"user_id\":null}", "")]
    [InlineData("\"stream\":false", "\"stream\":false")]
    [InlineData("\"stream\":true", "\"stream\":true,\"stream_options\":{\"include_usage\":true}")]
    [InlineData("\"stream\":true,\"stream_options\":{\"include_usage\":false}", "\"stream\":true,\"stream_options\":{\"include_usage\":true}")]
    [InlineData("\"temperature\":0.5,\"top_p\":0.9,\"top_k\":40", "\"temperature\":0.5,\"top_p\":0.9,\"top_k\":40")]
    [InlineData("\"thinking\":{\"type\":\"enabled\",\"budget_tokens\":2048}", "\"thinking\":{\"type\":\"enabled\",\"budget_tokens\":2048}")]
    [InlineData("\"tool_choice\":{\"type\":\"auto\"}", "\"tool_choice\":\"auto\"")]
    [InlineData("\"tool_choice\":{\"type\":\"any\",\"disable_parallel_tool_use\":true}", "\"tool_choice\":\"required\",\"parallel_tool_calls\":false")]
    [InlineData("\"tool_choice\":{\"type\":\"any\",\"disable_parallel_tool_use\":false}", "\"tool_choice\":\"required\"")]
    [InlineData("\"tool_choice\":{\"type\":\"none\"}", "\"tool_choice\":\"none\"")]
    [InlineData("\"tool_choice\":{\"type\":\"tool\",\"name\":\"f\"}", "\"tool_choice\":{\"type\":\"function\",\"function\":{\"name\":\"f\"}}")]
    [InlineData("""
        "tools":[{"name":"f","description":"d","input_schema":{"type":"object","properties":{}},"cache_control":{"type":"ephemeral"}},{"type":"custom","name":"g","input_schema":{"type":"object"},"strict":true}]
        """, """
        "tools":[{"type":"function","function":{"name":"f","description":"d","parameters":{"type":"object","properties":{}}},"cache_control":{"type":"ephemeral"}},{"type":"function","function":{"name":"g","parameters":{"type":"object"},"strict":true}}]
        """)]
    [InlineData("\"tools\":[]", "")]
    [InlineData("\"output_config\":{\"effort\":\"low\"}", "\"output_config\":{\"effort\":\"low\"}")]
    [InlineData("""
        "output_config":{"effort":"low","format":{"type":"json_schema","schema":{"type":"object"}}}
        """, """
        "output_config":{"effort":"low"},"response_format":{"type":"json_schema","json_schema":{"name":"output","schema":{"type":"object"},"strict":true}}
        """)]
    public void A_setting_becomes_its_counterpart(string field, string expected) =>
        Wire.Same(
            $$"""{"model":"m","max_tokens":9,"messages":[{"role":"user","content":"Hi"}]{{Comma(expected)}}}""",
            Wire.ToChat($$"""{"model":"m","max_tokens":9,"messages":[{"role":"user","content":"Hi"}],{{field}}}"""));

    [Fact]
    public void A_field_that_nobody_knows_keeps_its_bytes()
    {
        const string odd = """{ "a" : 1.50E+2, "b":"\u00e9\/\ud83d\ude00" , "c":[ -0 ] }""";
        Assert.Contains($"\"context_management\":{odd}", Wire.ToChat($$"""{"model":"m","max_tokens":9,"context_management": {{odd}} ,"messages":[{"role":"user","content":"Hi"}]}"""));
    }

    [Fact]
    public void The_chat_body_is_one_that_the_pipeline_reads()
    {
        var chat = Encoding.UTF8.GetBytes(Wire.ToChat("""{"stream":true,"model":"character/ada","max_tokens":9,"metadata":{"user_id":"mara"},"messages":[{"role":"user","content":"Hi"}]}"""));
        Assert.Null(ChatRequestReader.Read(chat, out var request));
        Assert.Equal(("character/ada", true, 9, "mara", 1), (request!.Model, request.Stream, request.MaxTokens, request.User, request.Choices));
    }

    [Theory]
    [InlineData("""{"max_tokens":9,"messages":[{"role":"user","content":"Hi"}]}""", "model")]
    [InlineData("""{"model":"m","messages":[{"role":"user","content":"Hi"}]}""", "max_tokens")]
    [InlineData("""{"model":"m","max_tokens":0,"messages":[{"role":"user","content":"Hi"}]}""", "max_tokens")]
    [InlineData("""{"model":"m","max_tokens":"9","messages":[{"role":"user","content":"Hi"}]}""", "max_tokens")]
    [InlineData("""{"model":"m","max_tokens":9}""", "messages")]
    [InlineData("""{"model":"m","max_tokens":9,"messages":[]}""", "messages")]
    [InlineData("""{"model":"m","max_tokens":9,"messages":[7]}""", "messages[0]")]
    [InlineData("""{"model":"m","max_tokens":9,"messages":[{"role":"tool","content":"x"}]}""", "messages[0].role")]
    [InlineData("""{"model":"m","max_tokens":9,"messages":[{"role":"user"}]}""", "messages[0].content")]
    [InlineData("""{"model":"m","max_tokens":9,"messages":[{"role":"user","content":7}]}""", "messages[0].content")]
    [InlineData("""{"model":"m","max_tokens":9,"messages":[{"role":"user","content":[{"text":"x"}]}]}""", "messages[0].content[0].type")]
    [InlineData("""{"model":"m","max_tokens":9,"messages":[{"role":"user","content":[{"type":"text"}]}]}""", "messages[0].content[0].text")]
    [InlineData("""{"model":"m","max_tokens":9,"messages":[{"role":"user","content":[{"type":"text","text":"a"},{"type":"document","source":{}}]}]}""", "messages[0].content[1].type")]
    [InlineData("""{"model":"m","max_tokens":9,"messages":[{"role":"user","content":[{"type":"image"}]}]}""", "messages[0].content[0].source")]
    [InlineData("""{"model":"m","max_tokens":9,"messages":[{"role":"user","content":[{"type":"image","source":{"type":"file","file_id":"f"}}]}]}""", "messages[0].content[0].source.type")]
    [InlineData("""{"model":"m","max_tokens":9,"messages":[{"role":"user","content":[{"type":"image","source":{"type":"base64","data":"f"}}]}]}""", "messages[0].content[0].source.media_type")]
    [InlineData("""{"model":"m","max_tokens":9,"messages":[{"role":"user","content":[{"type":"tool_result"}]}]}""", "messages[0].content[0].tool_use_id")]
    [InlineData("""{"model":"m","max_tokens":9,"messages":[{"role":"user","content":[{"type":"tool_result","tool_use_id":"t","content":[{"type":"search_result"}]}]}]}""", "messages[0].content[0].content[0].type")]
    [InlineData("""{"model":"m","max_tokens":9,"messages":[{"role":"assistant","content":[{"type":"tool_use","name":"f","input":{}}]}]}""", "messages[0].content[0].id")]
    [InlineData("""{"model":"m","max_tokens":9,"messages":[{"role":"assistant","content":[{"type":"tool_use","id":"t","name":"f","input":"x"}]}]}""", "messages[0].content[0].input")]
    [InlineData("""{"model":"m","max_tokens":9,"system":7,"messages":[{"role":"user","content":"Hi"}]}""", "system")]
    [InlineData("""{"model":"m","max_tokens":9,"system":[{"type":"image"}],"messages":[{"role":"user","content":"Hi"}]}""", "system[0]")]
    [InlineData("""{"model":"m","max_tokens":9,"stream":1,"messages":[{"role":"user","content":"Hi"}]}""", "stream")]
    [InlineData("""{"model":"m","max_tokens":9,"stop_sequences":"x","messages":[{"role":"user","content":"Hi"}]}""", "stop_sequences")]
    [InlineData("""{"model":"m","max_tokens":9,"metadata":{"user_id":7},"messages":[{"role":"user","content":"Hi"}]}""", "metadata.user_id")]
    [InlineData("""{"model":"m","max_tokens":9,"tools":[{"type":"web_search_20250305","name":"web_search"}],"messages":[{"role":"user","content":"Hi"}]}""", "tools[0].type")]
    [InlineData("""{"model":"m","max_tokens":9,"tools":[{"name":"f"}],"messages":[{"role":"user","content":"Hi"}]}""", "tools[0].input_schema")]
    [InlineData("""{"model":"m","max_tokens":9,"tool_choice":{"type":"tool"},"messages":[{"role":"user","content":"Hi"}]}""", "tool_choice.name")]
    [InlineData("""{"model":"m","max_tokens":9,"tool_choice":"auto","messages":[{"role":"user","content":"Hi"}]}""", "tool_choice.type")]
    [InlineData("""{"model":"m","max_tokens":9,"output_config":{"format":{"type":"xml"}},"messages":[{"role":"user","content":"Hi"}]}""", "output_config.format.type")]
    public void What_is_wrong_is_named(string body, string field)
    {
        var error = Wire.ToChatFails(body);
        Assert.Equal((400, field), (error.Status, error.Param));
        Assert.Contains($"'{field}'", error.Message);
    }

    [Theory]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("{\"model\":")]
    [InlineData("""{"model":"m","max_tokens":9,"messages":[{"role":"user","content":[{"type":"text","text":"x"},{"type":"\ud83d"}]}]}""")]
    public void What_is_no_JSON_is_refused(string body) => Assert.Equal((400, "invalid_json"), (Wire.ToChatFails(body).Status, Wire.ToChatFails(body).Code));

    [Fact]
    public void What_is_no_UTF8_is_refused() => Assert.Equal("invalid_json", MessagesRequest.ToChat(new byte[] { (byte)'{', 0xFF, (byte)'}' }, out _)!.Code);

    private static string Comma(string fields) => fields.Trim().Length == 0 ? "" : "," + fields;
}
