using System.ClientModel;
using OpenAI;
using OpenAI.Chat;

namespace Comox.Gateway.Tests;

/// <summary>OpenAI's own .NET client, unchanged.</summary>
public sealed class OpenAIClientTests
{
    [Fact]
    public async Task The_official_client_streams()
    {
        await using var gateway = await GatewayUnderTest.StartAsync();
        var text = "";
        ChatFinishReason? finish = null;

        await foreach (var update in ClientOf(gateway).GetChatClient("character/ada").CompleteChatStreamingAsync([new UserChatMessage("Hi")]))
        {
            text += string.Concat(update.ContentUpdate.Select(part => part.Text));
            finish = update.FinishReason ?? finish;
        }

        Assert.Equal(("Hello from the fake.", ChatFinishReason.Stop), (text, finish));
    }

    [Fact]
    public async Task The_official_client_takes_a_whole_answer_with_its_usage()
    {
        await using var gateway = await GatewayUnderTest.StartAsync();

        ChatCompletion completion = await ClientOf(gateway).GetChatClient("fake-model").CompleteChatAsync([new UserChatMessage("Hi")]);

        Assert.Equal("Hello from the fake.", completion.Content.Single().Text);
        Assert.Equal((7, 5), (completion.Usage.InputTokenCount, completion.Usage.OutputTokenCount));
    }

    [Fact]
    public async Task The_official_client_lists_models_and_reads_errors()
    {
        await using var gateway = await GatewayUnderTest.StartAsync();
        var client = ClientOf(gateway);

        var models = (await client.GetOpenAIModelClient().GetModelsAsync()).Value.Select(model => model.Id);
        var ada = (await client.GetOpenAIModelClient().GetModelAsync("character/ada")).Value;
        var problem = await Assert.ThrowsAsync<ClientResultException>(() => client.GetChatClient("gpt-9").CompleteChatAsync([new UserChatMessage("Hi")]));

        Assert.Equal(["character/ada", "fake-model"], models);
        Assert.Equal("comox", ada.OwnedBy);
        Assert.Equal(404, problem.Status);
        Assert.Contains("gpt-9", problem.Message);
    }

    private static OpenAIClient ClientOf(GatewayUnderTest gateway) =>
        new(new ApiKeyCredential(TestService.AdminKey), new OpenAIClientOptions { Endpoint = new Uri(gateway.Service.Address, "v1") });
}
