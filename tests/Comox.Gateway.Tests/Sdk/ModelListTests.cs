using System.ClientModel;

namespace Comox.Gateway.Tests.Sdk;

/// <summary>What OpenAI's client makes of our list of models and of our refusals.</summary>
public sealed class ModelListTests
{
    [Fact]
    public async Task Models_and_characters_are_listed_and_found_by_name()
    {
        await using var gateway = await SdkGateway.StartAsync();
        var client = gateway.OpenAI.GetOpenAIModelClient();

        var ids = (await client.GetModelsAsync()).Value.Select(model => model.Id);
        var ada = (await client.GetModelAsync("character/ada")).Value;

        Assert.Equal(["character/ada", SdkGateway.Model], ids);
        Assert.Equal("character/ada", ada.Id);
    }

    [Fact]
    public async Task A_model_that_is_none_is_a_404_that_names_it()
    {
        await using var gateway = await SdkGateway.StartAsync();

        var problem = await Assert.ThrowsAsync<ClientResultException>(() => gateway.OpenAI.GetOpenAIModelClient().GetModelAsync("gpt-9"));

        Assert.Equal(404, problem.Status);
        Assert.Contains("gpt-9", problem.Message);
    }
}
