using System.Text.Json;
using OpenAI.Chat;

namespace Comox.Gateway.Tests.Sdk;

/// <summary>OpenAI's .NET client and chat completions.</summary>
public sealed class OpenAIChatTests
{
    private static readonly ChatTool Weather = ChatTool.CreateFunctionTool(
        "get_weather", "The weather of a city.", BinaryData.FromString("""{"type":"object","properties":{"city":{"type":"string"}},"required":["city"]}"""));

    [Fact]
    public async Task A_stream_comes_token_by_token_with_its_usage()
    {
        await using var gateway = await SdkGateway.StartAsync();
        List<string> tokens = [];
        ChatTokenUsage? usage = null;

        await foreach (var update in gateway.OpenAI.GetChatClient(SdkGateway.Model).CompleteChatStreamingAsync([new UserChatMessage("Hi")]))
        {
            tokens.AddRange(update.ContentUpdate.Select(part => part.Text).Where(text => text.Length > 0));
            usage = update.Usage ?? usage;
        }

        Assert.Equal(["Hello", " from", " the", " fake", "."], tokens);
        Assert.Equal((7, 5), (usage?.InputTokenCount, usage?.OutputTokenCount));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_tool_is_called_and_its_result_is_used(bool streamed)
    {
        await using var gateway = await SdkGateway.StartWithToolsAsync();
        var chat = gateway.OpenAI.GetChatClient(SdkGateway.Model);
        List<ChatMessage> messages = [new UserChatMessage("How is the weather in Århus?")];
        var options = new ChatCompletionOptions { Tools = { Weather } };

        var (id, name, arguments) = streamed ? await StreamedCallAsync(chat, messages, options) : await WholeCallAsync(chat, messages, options);
        messages.Add(new AssistantChatMessage([ChatToolCall.CreateFunctionToolCall(id, name, BinaryData.FromString(arguments))]));
        messages.Add(new ToolChatMessage(id, """{"sky":"rain"}"""));
        ChatCompletion answer = await chat.CompleteChatAsync(messages, options);

        Assert.Equal(("call_1", "get_weather", """{"city":"Århus"}"""), (id, name, arguments));
        Assert.Equal("It rains.", answer.Content.Single().Text);
        Assert.Equal("get_weather", gateway.LastRequest.GetProperty("tools")[0].GetProperty("function").GetProperty("name").GetString());
        Assert.Equal("""{"sky":"rain"}""", gateway.LastRequest.GetProperty("messages")[2].GetProperty("content").GetString());
    }

    [Fact]
    public async Task A_schema_reaches_the_engine_and_the_answer_is_its_JSON()
    {
        const string schema = """{"type":"object","properties":{"name":{"type":"string"}},"required":["name"],"additionalProperties":false}""";
        await using var gateway = await SdkGateway.StartAsync(new() { Tokens = ["{\"name\":", "\"Ada\"", "}"] });
        var options = new ChatCompletionOptions { ResponseFormat = ChatResponseFormat.CreateJsonSchemaFormat("person", BinaryData.FromString(schema), jsonSchemaIsStrict: true) };

        ChatCompletion answer = await gateway.OpenAI.GetChatClient(SdkGateway.Model).CompleteChatAsync([new UserChatMessage("Who?")], options);

        Assert.Equal("Ada", JsonDocument.Parse(answer.Content.Single().Text).RootElement.GetProperty("name").GetString());
        var format = gateway.LastRequest.GetProperty("response_format").GetProperty("json_schema");
        Assert.True(format.GetProperty("strict").GetBoolean());
        Assert.True(JsonElement.DeepEquals(JsonDocument.Parse(schema).RootElement, format.GetProperty("schema")));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Every_token_has_its_log_probability(bool streamed)
    {
        await using var gateway = await SdkGateway.StartAsync(new() { Tokens = ["Grüß", " Gott"] });
        var chat = gateway.OpenAI.GetChatClient(SdkGateway.Model);
        var options = new ChatCompletionOptions { IncludeLogProbabilities = true };
        List<ChatTokenLogProbabilityDetails> details = [];

        if (streamed)
        {
            await foreach (var update in chat.CompleteChatStreamingAsync([new UserChatMessage("Hi")], options))
                details.AddRange(update.ContentTokenLogProbabilities);
        }
        else
        {
            details.AddRange((await chat.CompleteChatAsync([new UserChatMessage("Hi")], options)).Value.ContentTokenLogProbabilities);
        }

        Assert.Equal([("Grüß", -0.5f), (" Gott", -0.5f)], details.Select(detail => (detail.Token, detail.LogProbability)));
    }

    private static async Task<(string Id, string Name, string Arguments)> WholeCallAsync(ChatClient chat, List<ChatMessage> messages, ChatCompletionOptions options)
    {
        ChatCompletion completion = await chat.CompleteChatAsync(messages, options);
        Assert.Equal(ChatFinishReason.ToolCalls, completion.FinishReason);
        var call = Assert.Single(completion.ToolCalls);
        return (call.Id, call.FunctionName, call.FunctionArguments.ToString());
    }

    private static async Task<(string Id, string Name, string Arguments)> StreamedCallAsync(ChatClient chat, List<ChatMessage> messages, ChatCompletionOptions options)
    {
        var (id, name, arguments, finish) = ("", "", "", (ChatFinishReason?)null);
        await foreach (var update in chat.CompleteChatStreamingAsync(messages, options))
        {
            foreach (var call in update.ToolCallUpdates)
                (id, name, arguments) = (id + call.ToolCallId, name + call.FunctionName, arguments + call.FunctionArgumentsUpdate);
            finish = update.FinishReason ?? finish;
        }

        Assert.Equal(ChatFinishReason.ToolCalls, finish);
        return (id, name, arguments);
    }
}
