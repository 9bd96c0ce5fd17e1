using Microsoft.Extensions.AI;

namespace Comox.Gateway.Tests.Sdk;

/// <summary>Microsoft.Extensions.AI on top of OpenAI's client: what most .NET programs call us through.</summary>
public sealed class ExtensionsAITests
{
    [Fact]
    public async Task A_chat_client_takes_a_whole_answer_with_its_usage()
    {
        await using var gateway = await SdkGateway.StartAsync();
        using var chat = ClientOf(gateway);

        var answer = await chat.GetResponseAsync("Hi");

        Assert.Equal(("Hello from the fake.", ChatFinishReason.Stop), (answer.Text, answer.FinishReason));
        Assert.Equal((7L, 5L), (answer.Usage?.InputTokenCount, answer.Usage?.OutputTokenCount));
    }

    [Fact]
    public async Task A_chat_client_streams()
    {
        await using var gateway = await SdkGateway.StartAsync();
        using var chat = ClientOf(gateway);
        List<string> pieces = [];

        await foreach (var update in chat.GetStreamingResponseAsync("Hi"))
            pieces.Add(update.Text);

        Assert.Equal(["Hello", " from", " the", " fake", "."], pieces.Where(piece => piece.Length > 0));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_function_is_invoked_between_two_requests(bool streamed)
    {
        await using var gateway = await SdkGateway.StartWithToolsAsync();
        List<string> cities = [];
        var weather = AIFunctionFactory.Create(
            (string city) =>
            {
                cities.Add(city);
                return "rain";
            },
            "get_weather");
        using var chat = ClientOf(gateway).AsBuilder().UseFunctionInvocation().Build();
        var options = new ChatOptions { Tools = [weather] };

        var answer = streamed
            ? await chat.GetStreamingResponseAsync("How is the weather?", options).ToChatResponseAsync()
            : await chat.GetResponseAsync("How is the weather?", options);

        Assert.EndsWith("It rains.", answer.Text);
        Assert.Equal(["Århus"], cities);
        Assert.Equal(2, gateway.Engine.Requests.Count);
    }

    [Fact]
    public async Task A_typed_answer_is_asked_for_by_schema_and_read()
    {
        await using var gateway = await SdkGateway.StartAsync(new() { Tokens = ["{\"name\":\"Ada\",", "\"age\":36}"] });
        using var chat = ClientOf(gateway);

        var answer = await chat.GetResponseAsync<Person>("Who?");

        Assert.Equal(new Person("Ada", 36), answer.Result);
        Assert.Equal("json_schema", gateway.LastRequest.GetProperty("response_format").GetProperty("type").GetString());
    }

    private static IChatClient ClientOf(SdkGateway gateway) => gateway.OpenAI.GetChatClient(SdkGateway.Model).AsIChatClient();

    public sealed record Person(string Name, int Age);
}
