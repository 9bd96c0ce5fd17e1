#pragma warning disable OPENAI001 // The vendor marks the whole API as subject to change; a change is what these tests are to notice.
using OpenAI.Responses;

namespace Comox.Gateway.Tests.Sdk;

/// <summary>OpenAI's .NET client and the responses API, in front of an engine that only knows chat.</summary>
public sealed class OpenAIResponsesTests
{
    private static readonly FunctionTool Weather = ResponseTool.CreateFunctionTool(
        "get_weather", BinaryData.FromString("""{"type":"object","properties":{"city":{"type":"string"}},"required":["city"]}"""), strictModeEnabled: false);

    [Fact]
    public async Task A_whole_response_has_text_status_and_usage()
    {
        await using var gateway = await SdkGateway.StartAsync();
        var options = new CreateResponseOptions(SdkGateway.Model, [ResponseItem.CreateUserMessageItem("Hi")]) { Instructions = "Be brief." };

        ResponseResult response = await gateway.OpenAI.GetResponsesClient().CreateResponseAsync(options);

        Assert.Equal(("Hello from the fake.", ResponseStatus.Completed), (response.GetOutputText(), response.Status));
        Assert.Equal((7, 5), (response.Usage.InputTokenCount, response.Usage.OutputTokenCount));
        Assert.Contains("Be brief.", gateway.LastRequest.GetProperty("messages")[0].GetProperty("content").GetRawText());
    }

    [Fact]
    public async Task A_stream_tells_the_same_in_pieces_and_as_a_whole()
    {
        await using var gateway = await SdkGateway.StartAsync();
        var options = new CreateResponseOptions(SdkGateway.Model, [ResponseItem.CreateUserMessageItem("Hi")]) { StreamingEnabled = true };
        List<string> pieces = [];
        ResponseResult? completed = null;
        var last = -1;

        await foreach (var update in await gateway.OpenAI.GetResponsesClient().CreateResponseStreamingAsync(options))
        {
            Assert.True(update.SequenceNumber > last);
            last = update.SequenceNumber;
            if (update is StreamingResponseOutputTextDeltaUpdate text)
                pieces.Add(text.Delta);
            if (update is StreamingResponseCompletedUpdate end)
                completed = end.Response;
        }

        Assert.Equal(["Hello", " from", " the", " fake", "."], pieces);
        Assert.Equal("Hello from the fake.", completed?.GetOutputText());
        Assert.Equal(5, completed?.Usage.OutputTokenCount);
    }

    [Fact]
    public async Task A_function_is_called_and_its_output_is_used()
    {
        await using var gateway = await SdkGateway.StartWithToolsAsync();
        var client = gateway.OpenAI.GetResponsesClient();
        List<ResponseItem> items = [ResponseItem.CreateUserMessageItem("How is the weather in Århus?")];

        ResponseResult asked = await client.CreateResponseAsync(new CreateResponseOptions(SdkGateway.Model, items) { Tools = { Weather } });
        var call = Assert.Single(asked.OutputItems.OfType<FunctionCallResponseItem>());
        items.Add(ResponseItem.CreateFunctionCallItem(call.CallId, call.FunctionName, call.FunctionArguments));
        items.Add(ResponseItem.CreateFunctionCallOutputItem(call.CallId, """{"sky":"rain"}"""));
        ResponseResult answer = await client.CreateResponseAsync(new CreateResponseOptions(SdkGateway.Model, items) { Tools = { Weather } });

        Assert.Equal(("get_weather", """{"city":"Århus"}"""), (call.FunctionName, call.FunctionArguments.ToString()));
        Assert.Equal("It rains.", answer.GetOutputText());
    }
}
