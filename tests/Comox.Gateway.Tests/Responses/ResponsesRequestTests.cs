using System.Text;
using System.Text.Json;
using Comox.Gateway.OpenAI;
using Comox.Gateway.OpenAI.Responses;
using Comox.ServiceDefaults;

namespace Comox.Gateway.Tests.Responses;

public sealed class ResponsesRequestTests
{
    private const string User = """[{"role":"user","content":"Hi"}]""";

    [Theory]
    [InlineData("\"Hi\"", User)]
    [InlineData("""[{"role":"user","content":"Hi"}]""", User)]
    [InlineData("""[{"type":"message","role":"user","content":[{"type":"input_text","text":"Hi"}],"id":"msg_1","status":"completed"}]""", User)]
    [InlineData("""[{"content":[{"text":"a","type":"input_text"},{"type":"input_text","text":"b"}],"role":"developer"}]""", """[{"role":"developer","content":[{"type":"text","text":"a"},{"type":"text","text":"b"}]}]""")]
    [InlineData(
        """[{"role":"user","content":[{"type":"input_text","text":"See"},{"type":"input_image","image_url":"data:image/png;base64,AA==","detail":"low"},{"type":"input_image","image_url":"https://a/b"}]}]""",
        """[{"role":"user","content":[{"type":"text","text":"See"},{"type":"image_url","image_url":{"url":"data:image/png;base64,AA==","detail":"low"}},{"type":"image_url","image_url":{"url":"https://a/b"}}]}]""")]
    [InlineData(
        """[{"type":"message","role":"assistant","content":[{"type":"output_text","text":"Hello","annotations":[]}]},{"role":"user","content":"Go on"}]""",
        """[{"role":"assistant","content":"Hello"},{"role":"user","content":"Go on"}]""")]
    [InlineData("""[{"role":"assistant","content":[{"type":"refusal","refusal":"No."}]},{"role":"user","content":"Hi"}]""", """[{"role":"assistant","content":"No."},{"role":"user","content":"Hi"}]""")]
    [InlineData("""[{"role":"system","content":[]},{"role":"user","content":"Hi"}]""", """[{"role":"system","content":""},{"role":"user","content":"Hi"}]""")]
    public void An_input_becomes_messages(string input, string messages) => Assert.Equal(messages, MessagesOf(input));

    [Fact]
    public void Calls_made_together_are_one_message_with_the_text_and_the_reasoning_before_them() => Assert.Equal(
        """[{"role":"user","content":"Hi"},{"role":"assistant","content":"Let me see.","reasoning_content":"Hm. \u00e9Well.","tool_calls":[{"id":"call_1","type":"function","function":{"name":"look","arguments":"{\"a\":1}"}},{"id":"call_2","type":"function","function":{"name":"hear","arguments":""}}]},{"role":"tool","content":"dark","tool_call_id":"call_1"},{"role":"tool","content":[{"type":"text","text":"a"},{"type":"text","text":"b"}],"tool_call_id":"call_2"}]""",
        MessagesOf("""
            [{"role":"user","content":"Hi"},
             {"type":"reasoning","id":"rs_1","summary":[{"type":"summary_text","text":"no"}],"content":[{"type":"reasoning_text","text":"Hm. \u00e9"},{"type":"reasoning_text","text":"Well."}],"encrypted_content":null},
             {"type":"message","role":"assistant","content":[{"type":"output_text","text":"Let me see."}]},
             {"type":"function_call","call_id":"call_1","id":"fc_1","name":"look","arguments":"{\"a\":1}","status":"completed"},
             {"type":"function_call","call_id":"call_2","name":"hear","arguments":""},
             {"type":"function_call_output","call_id":"call_1","output":"dark"},
             {"type":"function_call_output","call_id":"call_2","output":[{"type":"input_text","text":"a"},{"type":"input_text","text":"b"}]}]
            """));

    [Fact]
    public void Calls_with_an_answer_or_new_reasoning_between_them_are_messages_of_their_own() => Assert.Equal(
        """[{"role":"assistant","content":null,"reasoning_content":"one","tool_calls":[{"id":"1","type":"function","function":{"name":"f","arguments":"{}"}}]},{"role":"tool","content":"x","tool_call_id":"1"},{"role":"assistant","content":null,"tool_calls":[{"id":"2","type":"function","function":{"name":"f","arguments":"{}"}}]},{"role":"assistant","content":null,"reasoning_content":"two","tool_calls":[{"id":"3","type":"function","function":{"name":"f","arguments":"{}"}}]}]""",
        MessagesOf("""
            [{"type":"reasoning","content":[{"type":"reasoning_text","text":"one"}]},{"type":"function_call","call_id":"1","name":"f","arguments":"{}"},{"type":"function_call_output","call_id":"1","output":"x"},
             {"type":"function_call","call_id":"2","name":"f","arguments":"{}"},
             {"type":"reasoning","summary":[],"content":[{"type":"reasoning_text","text":"two"}]},{"type":"function_call","call_id":"3","name":"f","arguments":"{}"}]
            """));

    [Fact]
    public void Reasoning_that_nothing_follows_is_left_out() => Assert.Equal(User, MessagesOf("""
        [{"type":"reasoning","content":[{"type":"reasoning_text","text":"lost"}]},{"role":"user","content":"Hi"},{"type":"reasoning","summary":[]}]
        """));

    [Theory]
    [InlineData("\"instructions\":\"Be \\u00e9 brief.\"", """{"model":"m","messages":[{"role":"system","content":"Be \u00e9 brief."},{"role":"user","content":"Hi"}]}""")]
    [InlineData("\"instructions\":null,\"tools\":[],\"tool_choice\":\"auto\",\"parallel_tool_calls\":true,\"truncation\":\"auto\",\"background\":false,\"store\":true,\"metadata\":{\"a\":\"b\"}", "")]
    [InlineData("\"stream\":true,\"stream_options\":{\"include_obfuscation\":false}", ""","stream":true,"stream_options":{"include_usage":true}""")]
    [InlineData("\"stream\":false", ",\"stream\":false")]
    [InlineData("\"max_output_tokens\":9", ",\"max_completion_tokens\":9")]
    [InlineData("\"temperature\":7e-1,\"top_p\":0.50,\"user\":\"mara\",\"service_tier\":\"auto\",\"prompt_cache_key\":\"k\"", ""","temperature":7e-1,"top_p":0.50,"user":"mara","prompt_cache_key":"k","service_tier":"auto" """)]
    [InlineData("\"safety_identifier\":\"s\"", ",\"safety_identifier\":\"s\",\"user\":\"s\"")]
    [InlineData("\"safety_identifier\":\"s\",\"user\":\"u\"", ",\"user\":\"u\",\"safety_identifier\":\"s\"")]
    [InlineData("\"top_logprobs\":2", ",\"logprobs\":true,\"top_logprobs\":2")]
    [InlineData("\"top_logprobs\":0,\"include\":[\"reasoning.encrypted_content\"]", "")]
    [InlineData("\"include\":[\"message.output_text.logprobs\"]", ",\"logprobs\":true")]
    [InlineData("\"reasoning\":{\"effort\":\"low\",\"summary\":\"auto\"}", ",\"reasoning_effort\":\"low\"")]
    [InlineData("\"reasoning\":{\"effort\":null}", "")]
    [InlineData("\"text\":{\"format\":{\"type\":\"text\"},\"verbosity\":\"low\"}", ",\"verbosity\":\"low\"")]
    [InlineData("\"text\":{\"format\":{\"type\":\"json_object\"}}", ""","response_format":{"type":"json_object"}""")]
    [InlineData(
        """ "text":{"format":{"name":"city","strict":true,"type":"json_schema","description":null,"schema":{"type":"object" , "x":1.0}}}""",
        ""","response_format":{"type":"json_schema","json_schema":{"name":"city","strict":true,"schema":{"type":"object" , "x":1.0}}}""")]
    [InlineData(
        """ "tools":[{"type":"function","name":"look","description":"d","parameters":{"type":"object" ,"properties":{}},"strict":null}],"tool_choice":"required","parallel_tool_calls":false""",
        ""","tools":[{"type":"function","function":{"name":"look","description":"d","parameters":{"type":"object" ,"properties":{}}}}],"tool_choice":"required","parallel_tool_calls":false""")]
    [InlineData(
        """ "tools":[{"type":"function","name":"a"},{"type":"function","name":"b"}],"tool_choice":{"type":"function","name":"b"}""",
        ""","tools":[{"type":"function","function":{"name":"a"}},{"type":"function","function":{"name":"b"}}],"tool_choice":{"type":"function","function":{"name":"b"}}""")]
    [InlineData(
        """ "tools":[{"type":"function","name":"a"},{"type":"function","name":"b"}],"tool_choice":{"type":"allowed_tools","mode":"auto","tools":[{"type":"function","name":"b"}]}""",
        ""","tools":[{"type":"function","function":{"name":"b"}}],"tool_choice":"auto" """)]
    public void A_setting_is_said_as_a_chat_says_it(string settings, string expected)
    {
        var request = Read($$"""{"model":"m","input":"Hi",{{settings}}}""");
        Assert.Equal(expected.StartsWith('{') ? expected : $$"""{"model":"m","messages":{{User}}{{expected.TrimEnd()}}}""", Encoding.UTF8.GetString(request.ChatBody.Span));
    }

    [Fact]
    public void What_the_gateway_does_not_know_stays_byte_for_byte() => Assert.EndsWith(
        ""","x":"\u00e9 \/ 👋","mod\u0065l2":1.0E+2,"seed":-0,"x":{ "y" : [ ] }}""",
        Encoding.UTF8.GetString(Read("""{ "x":"\u00e9 \/ 👋" , "model":"m", "mod\u0065l2" : 1.0E+2,"input":"Hi","seed":-0,"x":{ "y" : [ ] } }""").ChatBody.Span));

    [Fact]
    public void A_known_field_counts_however_its_key_is_written_and_the_last_of_two_wins()
    {
        var request = Read("""{"model":"a","mod\u0065l":"b","input":"Hi","input":[{"ty\u0070e":"message","role":"user","content":"Ho"}],"stream":true,"stream":false}""");

        Assert.Equal("""{"model":"b","messages":[{"role":"user","content":"Ho"}],"stream":false}""", Encoding.UTF8.GetString(request.ChatBody.Span));
        Assert.False(request.Stream);
    }

    [Fact]
    public void The_chat_reader_takes_the_body_as_its_own()
    {
        var request = Read("""{"model":"character/ada","instructions":"Be brief.","input":"Hi","max_output_tokens":9,"stream":true,"user":"mara","temperature":0.5}""");

        Assert.Null(ChatRequestReader.Read(request.ChatBody, out var chat));

        Assert.Equal(("character/ada", true, 9, 1, "mara", true), (chat!.Model, chat.Stream, chat.MaxTokens, chat.Choices, chat.User, chat.HasTemperature));
        Assert.Equal(2, JsonDocument.Parse(chat.Messages).RootElement.GetArrayLength());
    }

    [Fact]
    public void What_the_chat_cannot_say_is_kept_beside_it()
    {
        var request = Read("""{"model":"m","input":"Hi","store":false,"conversation":{"id":"conv_1"},"stream":true}""");
        Assert.Equal((true, false, null, "conv_1"), (request.Stream, request.Store, request.PreviousResponseId, request.Conversation));
        Assert.Equal((true, "resp_1"), Read("""{"model":"m","input":"Hi","previous_response_id":"resp_1"}""") is var other ? (other.Store, other.PreviousResponseId) : default);
        Assert.Equal("conv_2", Read("""{"model":"m","input":"Hi","conversation":"conv_2"}""").Conversation);
    }

    [Fact]
    public void The_echo_repeats_what_was_sent_on_one_line_and_says_the_rest_by_default()
    {
        var request = Read("{\"model\":\"m\",\"input\":\"Hi\",\"metadata\":{\n\"a\":\r\n\"b\"},\"instructions\":\"Be.\",\"tools\":[{\"type\":\"function\",\"name\":\"f\",\"strict\":null}],\"temperature\":7e-1}");

        var fields = Encoding.UTF8.GetString(request.Echo.Fields.Span);
        Assert.DoesNotContain('\n', fields);
        Assert.DoesNotContain('\r', fields);
        using var echo = JsonDocument.Parse("{" + fields[1..] + "}");
        var root = echo.RootElement;
        Assert.Equal(("b", "Be.", "7e-1"), (root.GetProperty("metadata").GetProperty("a").GetString(), root.GetProperty("instructions").GetString(), root.GetProperty("temperature").GetRawText()));
        Assert.Equal("f", root.GetProperty("tools")[0].GetProperty("name").GetString());
        Assert.Equal(("auto", true, "disabled", JsonValueKind.Null), (root.GetProperty("tool_choice").GetString(), root.GetProperty("parallel_tool_calls").GetBoolean(), root.GetProperty("truncation").GetString(), root.GetProperty("max_output_tokens").ValueKind));
        Assert.Equal("text", root.GetProperty("text").GetProperty("format").GetProperty("type").GetString());
    }

    internal static ResponsesRequest Read(string body)
    {
        var error = ResponsesRequest.Read(Encoding.UTF8.GetBytes(body), out var request);
        Assert.Null(error);
        using var chat = JsonDocument.Parse(request!.ChatBody);
        return request;
    }

    internal static ApiError ErrorOf(string body)
    {
        var error = ResponsesRequest.Read(Encoding.UTF8.GetBytes(body), out var request);
        Assert.Null(request);
        Assert.NotNull(error);
        return error;
    }

    private static string MessagesOf(string input)
    {
        Assert.Null(ChatRequestReader.Read(Read($$"""{"model":"m","input":{{input}}}""").ChatBody, out var chat));
        return Encoding.UTF8.GetString(chat!.Messages.Span);
    }
}
