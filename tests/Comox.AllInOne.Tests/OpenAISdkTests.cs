using System.ClientModel;
using OpenAI;
using OpenAI.Chat;

namespace Comox.AllInOne.Tests;

/// <summary>The client most programs use, unmodified.</summary>
[Collection(nameof(OneMachine))]
public sealed class OpenAISdkTests(OneMachine machine)
{
    [Fact]
    public async Task The_SDK_completes_and_streams_a_chat_with_a_character_and_with_a_plain_model()
    {
        var options = new OpenAIClientOptions { Endpoint = new Uri(await machine.Comox.PageAsync(), "v1") };
        foreach (var model in (string[])["character/brine", "keepsake"])
        {
            var client = new ChatClient(model, new ApiKeyCredential(AllInOneProcess.AdminKey), options);

            ChatCompletion whole = await client.CompleteChatAsync("Hello!");
            Assert.NotEmpty(whole.Content[0].Text);
            Assert.True(whole.Usage.OutputTokenCount > 0);

            var pieces = 0;
            await foreach (var update in client.CompleteChatStreamingAsync("Tell me a story."))
                pieces += update.ContentUpdate.Count;
            Assert.True(pieces > 3);
        }
    }

    [Fact]
    public async Task The_SDK_lists_models_and_reports_errors_in_its_own_terms()
    {
        var options = new OpenAIClientOptions { Endpoint = new Uri(await machine.Comox.PageAsync(), "v1") };
        var models = await new OpenAIClient(new ApiKeyCredential(AllInOneProcess.AdminKey), options).GetOpenAIModelClient().GetModelsAsync();
        Assert.Contains("keepsake", models.Value.Select(model => model.Id));
        Assert.Contains("character/brine", models.Value.Select(model => model.Id));

        var unknown = await Assert.ThrowsAsync<ClientResultException>(
            () => new ChatClient("no-such-model", new ApiKeyCredential(AllInOneProcess.AdminKey), options).CompleteChatAsync("Hello!"));
        Assert.Equal(404, unknown.Status);
        Assert.Contains("no-such-model", unknown.Message, StringComparison.Ordinal);
    }
}
