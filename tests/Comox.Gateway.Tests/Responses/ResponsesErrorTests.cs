using Comox.ServiceDefaults.Contracts.OpenAI;

namespace Comox.Gateway.Tests.Responses;

public sealed class ResponsesErrorTests
{
    [Theory]
    [InlineData("", "invalid_json", null)]
    [InlineData("[]", "invalid_json", null)]
    [InlineData("""{"model":"m","input":"Hi",}""", "invalid_json", null)]
    [InlineData("""{"model":"m","input":"Hi"} x""", "invalid_json", null)]
    [InlineData("""{"messages":[],"model":}""", "invalid_json", null)]
    [InlineData("""{"model":"half \ud83d","input":"Hi"}""", "invalid_json", null)]
    [InlineData("""{"model":"m","input":"Hi","half \ud83d":1}""", "invalid_json", null)]
    [InlineData("""{"input":"Hi"}""", "invalid_request", "model")]
    [InlineData("""{"model":" ","input":"Hi"}""", "invalid_request", "model")]
    [InlineData("""{"model":7,"input":"Hi"}""", "invalid_request", "model")]
    [InlineData("""{"model":"m"}""", "invalid_request", "input")]
    [InlineData("""{"model":"m","input":7}""", "invalid_request", "input")]
    [InlineData("""{"model":"m","input":[]}""", "invalid_request", "input")]
    [InlineData("""{"model":"m","instructions":"x","input":[{"type":"reasoning","summary":[]}]}""", "invalid_request", "input")]
    public void A_body_that_is_no_request_is_refused(string body, string code, string? param) => Refused(body, code, param);

    [Theory]
    [InlineData("\"Hi\"", "invalid_request", "input[0]")]
    [InlineData("{}", "invalid_request", "input[0].type")]
    [InlineData("""{"type":"message","content":"Hi"}""", "invalid_request", "input[0].role")]
    [InlineData("""{"role":"tool","content":"Hi"}""", "invalid_request", "input[0].role")]
    [InlineData("""{"role":"user"}""", "invalid_request", "input[0].content")]
    [InlineData("""{"role":"user","content":["Hi"]}""", "invalid_request", "input[0].content[0]")]
    [InlineData("""{"role":"user","content":[{"text":"Hi"}]}""", "invalid_request", "input[0].content[0].type")]
    [InlineData("""{"role":"user","content":[{"type":"input_text"}]}""", "invalid_request", "input[0].content[0].text")]
    [InlineData("""{"role":"user","content":[{"type":"input_text","text":"a"},{"type":"input_image"}]}""", "invalid_request", "input[0].content[1].image_url")]
    [InlineData("""{"role":"user","content":[{"type":"input_image","file_id":"file_1"}]}""", "unsupported_content", "input[0].content[0].file_id")]
    [InlineData("""{"role":"user","content":[{"type":"input_file","file_data":"AA=="}]}""", "unsupported_content", "input[0].content[0].type")]
    [InlineData("""{"role":"assistant","content":[{"type":"refusal"}]}""", "invalid_request", "input[0].content[0].refusal")]
    [InlineData("""{"type":"function_call","name":"f","arguments":"{}"}""", "invalid_request", "input[0].call_id")]
    [InlineData("""{"type":"function_call","call_id":"1","arguments":"{}"}""", "invalid_request", "input[0].name")]
    [InlineData("""{"type":"function_call","call_id":"1","name":"f","arguments":{}}""", "invalid_request", "input[0].arguments")]
    [InlineData("""{"type":"function_call_output","output":"x"}""", "invalid_request", "input[0].call_id")]
    [InlineData("""{"type":"function_call_output","call_id":"1","output":{}}""", "invalid_request", "input[0].output")]
    [InlineData("""{"type":"reasoning","content":"x"}""", "invalid_request", "input[0].content")]
    [InlineData("""{"type":"item_reference","id":"msg_1"}""", "invalid_request", "input[0].type")]
    [InlineData("""{"type":"web_search_call","id":"ws_1"}""", "unsupported_content", "input[0].type")]
    public void An_item_at_fault_is_named(string item, string code, string param) => Refused($$"""{"model":"m","input":[{{item}}]}""", code, param);

    [Theory]
    [InlineData("\"messages\":[]", "messages")]
    [InlineData("\"n\":1", "n")]
    [InlineData("\"max_tokens\":1", "max_tokens")]
    [InlineData("\"response_format\":{}", "response_format")]
    [InlineData("\"reasoning_effort\":\"low\"", "reasoning_effort")]
    [InlineData("\"stream\":1", "stream")]
    [InlineData("\"stream_options\":true", "stream_options")]
    [InlineData("\"store\":\"no\"", "store")]
    [InlineData("\"instructions\":[]", "instructions")]
    [InlineData("\"metadata\":[]", "metadata")]
    [InlineData("\"safety_identifier\":7", "safety_identifier")]
    [InlineData("\"max_output_tokens\":0", "max_output_tokens")]
    [InlineData("\"max_output_tokens\":\"9\"", "max_output_tokens")]
    [InlineData("\"top_logprobs\":21", "top_logprobs")]
    [InlineData("\"include\":\"x\"", "include")]
    [InlineData("\"include\":[1]", "include[0]")]
    [InlineData("\"truncation\":\"some\"", "truncation")]
    [InlineData("\"background\":true", "background")]
    [InlineData("\"prompt\":{\"id\":\"pmpt_1\"}", "prompt")]
    [InlineData("\"context_management\":[{\"type\":\"compaction\"}]", "context_management")]
    [InlineData("\"moderation\":{\"model\":\"x\"}", "moderation")]
    [InlineData("\"text\":\"x\"", "text")]
    [InlineData("\"text\":{\"verbosity\":1}", "text.verbosity")]
    [InlineData("\"text\":{\"format\":\"x\"}", "text.format")]
    [InlineData("\"text\":{\"format\":{\"type\":\"grammar\"}}", "text.format.type")]
    [InlineData("\"text\":{\"format\":{\"type\":\"json_schema\",\"schema\":{}}}", "text.format.name")]
    [InlineData("\"text\":{\"format\":{\"type\":\"json_schema\",\"name\":\"x\"}}", "text.format.schema")]
    [InlineData("\"reasoning\":\"low\"", "reasoning")]
    [InlineData("\"reasoning\":{\"effort\":1}", "reasoning.effort")]
    [InlineData("\"tools\":{}", "tools")]
    [InlineData("\"tools\":[1]", "tools[0]")]
    [InlineData("\"tools\":[{}]", "tools[0].type")]
    [InlineData("\"tools\":[{\"type\":\"function\"}]", "tools[0].name")]
    [InlineData("\"tool_choice\":\"required\"", "tool_choice")]
    [InlineData("\"tool_choice\":\"any\"", "tool_choice")]
    [InlineData("\"tool_choice\":7", "tool_choice")]
    [InlineData("\"tool_choice\":{}", "tool_choice.type")]
    [InlineData("\"tool_choice\":{\"type\":\"function\",\"name\":\"f\"}", "tool_choice.name")]
    [InlineData("\"tool_choice\":{\"type\":\"allowed_tools\",\"mode\":\"none\",\"tools\":[]}", "tool_choice.mode")]
    [InlineData("\"tool_choice\":{\"type\":\"allowed_tools\",\"mode\":\"auto\",\"tools\":[]}", "tool_choice.tools")]
    [InlineData("\"tool_choice\":{\"type\":\"allowed_tools\",\"mode\":\"auto\",\"tools\":[{\"type\":\"function\",\"name\":\"f\"}]}", "tool_choice.tools[0].name")]
    [InlineData("\"conversation\":7", "conversation")]
    [InlineData("\"conversation\":{}", "conversation")]
    [InlineData("\"conversation\":\"conv_1\",\"previous_response_id\":\"resp_1\"", "conversation")]
    [InlineData("\"previous_response_id\":7", "previous_response_id")]
    public void A_setting_at_fault_is_named(string setting, string param) => Refused($$"""{"model":"m","input":"Hi",{{setting}}}""", ErrorCodes.InvalidRequest, param);

    [Theory]
    [InlineData("web_search")]
    [InlineData("file_search")]
    [InlineData("mcp")]
    [InlineData("code_interpreter")]
    [InlineData("image_generation")]
    [InlineData("computer_use_preview")]
    [InlineData("custom")]
    public void A_tool_that_openai_would_run_is_refused_by_its_name(string tool)
    {
        var error = ResponsesRequestTests.ErrorOf($$"""{"model":"m","input":"Hi","tools":[{"type":"function","name":"f"},{"type":"{{tool}}"}]}""");

        Assert.Equal((400, "tools[1].type"), (error.Status, error.Param));
        Assert.Contains($"'{tool}'", error.Message);
        Assert.Contains($"'{tool}'", ResponsesRequestTests.ErrorOf($$"""{"model":"m","input":"Hi","tool_choice":{"type":"{{tool}}" } }""").Message);
    }

    [Fact]
    public void A_field_of_the_chat_api_is_refused_with_what_to_send_instead() =>
        Assert.Contains("'max_output_tokens'", ResponsesRequestTests.ErrorOf("""{"model":"m","input":"Hi","max_completion_tokens":7}""").Message);

    private static void Refused(string body, string code, string? param)
    {
        var error = ResponsesRequestTests.ErrorOf(body);
        Assert.Equal((400, code, param), (error.Status, error.Code, error.Param));
    }
}
