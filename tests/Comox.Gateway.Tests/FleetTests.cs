using System.Net;
using System.Text.Json;
using Comox.FakeBackend;
using Comox.ServiceDefaults.Contracts.Nodes;
using Comox.ServiceDefaults.Contracts.OpenAI;

namespace Comox.Gateway.Tests;

public sealed class FleetTests
{
    [Theory]
    [InlineData(EngineStates.Loading, 503, "engine_loading", "Loading the model (42 %)")]
    [InlineData(EngineStates.Fetching, 503, "engine_loading", "Loading the model (42 %)")]
    [InlineData(EngineStates.Restarting, 503, "engine_loading", "Loading the model (42 %)")]
    [InlineData(EngineStates.Failed, 503, "engine_unavailable", "Loading the model")]
    [InlineData(EngineStates.Stopped, 503, "engine_unavailable", "Loading the model")]
    public async Task A_model_that_is_not_ready_says_why_and_when_to_come_back(string state, int status, string code, string words)
    {
        await using var gateway = await GatewayUnderTest.StartAsync();
        gateway.Node.Status = FakeNode.With("n", FakeNode.Engine(state: state, reason: "Loading the model.") with { Progress = 0.42 });
        await gateway.KnowsAsync(fleet => fleet.Pools.All(pool => pool.Ready.IsEmpty));

        foreach (var chat in (string[])[Chat.Streamed, Chat.CharacterWhole])
        {
            using var response = await gateway.SendAsync(chat);
            var error = await response.ErrorAsync();
            Assert.Equal((status, code), (error.Status, error.Code));
            Assert.Contains(words, error.Message);
            Assert.True(response.Headers.RetryAfter!.Delta > TimeSpan.Zero);
        }

        // What a person says to a character that cannot answer is not stored.
        Assert.Empty(gateway.Memory.Prompts);
    }

    [Fact]
    public async Task While_the_engine_still_chooses_its_model_no_model_is_called_unknown()
    {
        await using var gateway = await GatewayUnderTest.StartAsync();
        gateway.Node.Status = FakeNode.With("n", FakeNode.Engine(model: null, state: EngineStates.Provisioning, reason: "Downloading llama-server"));
        await gateway.KnowsAsync(fleet => fleet.Pools.IsEmpty);

        var error = await (await gateway.SendAsync(Chat.Streamed)).ErrorAsync();

        Assert.Equal((503, ErrorCodes.EngineLoading), (error.Status, error.Code));
        Assert.Contains("Downloading llama-server", error.Message);
    }

    [Fact]
    public async Task A_lost_node_gets_no_request_and_comes_back_by_itself()
    {
        await using var gateway = await GatewayUnderTest.StartAsync();
        gateway.Node.RefuseWatchers = true;
        gateway.Node.DropWatchers();
        await gateway.KnowsAsync(fleet => fleet.Pools.All(pool => pool.Ready.IsEmpty));

        var error = await (await gateway.SendAsync(Chat.Streamed)).ErrorAsync();
        gateway.Node.RefuseWatchers = false;
        await gateway.KnowsAsync(fleet => fleet.Pools.Any(pool => !pool.Ready.IsEmpty));
        using var again = await gateway.SendAsync(Chat.Streamed);

        Assert.Equal((503, ErrorCodes.EngineUnavailable), (error.Status, error.Code));
        Assert.Contains("fake-node/chat", error.Message);
        Assert.Equal(HttpStatusCode.OK, again.StatusCode);
    }

    [Fact]
    public async Task A_node_that_falls_silent_without_closing_its_connection_is_lost()
    {
        await using var gateway = await GatewayUnderTest.StartAsync();

        gateway.Node.RefuseWatchers = true;
        gateway.Node.FallsSilent = true;

        await gateway.KnowsAsync(fleet => fleet.Pools.All(pool => pool.Ready.IsEmpty));
    }

    [Fact]
    public async Task Two_nodes_with_one_model_take_turns()
    {
        await using var second = await FakeBackendServer.StartAsync(TestService.ServiceKey);
        await using var third = await FakeBackendServer.StartAsync(TestService.ServiceKey);
        await using var gateway = await GatewayUnderTest.StartAsync(settings: [("Nodes:0", second.Address.ToString()), ("Nodes:1", third.Address.ToString()), ("FleetRoute:LoadBalancing:Policy", "round-robin")]);
        await gateway.KnowsAsync(fleet => fleet.Pools.Any(pool => pool.Ready.Length == 2));

        for (var i = 0; i < 6; i++)
            await (await gateway.SendAsync(Chat.Whole)).Content.ReadAsStringAsync();

        Assert.Equal((3, 3), (second.Requests.Count, third.Requests.Count));
        Assert.Empty(gateway.Node.Requests);
    }

    [Fact]
    public async Task A_node_that_refuses_the_service_key_is_named_with_the_setting()
    {
        await using var stranger = await FakeBackendServer.StartAsync("another-service-key-000");
        await using var gateway = await GatewayUnderTest.StartAsync(ready: false, settings: ("Nodes:0", stranger.Address.ToString()));
        await gateway.KnowsAsync(fleet => fleet.WhyIncomplete() is { } why && why.Message.Contains("service key"));

        var error = await (await gateway.SendAsync(Chat.Streamed)).ErrorAsync();

        Assert.Equal((503, ErrorCodes.EngineUnavailable), (error.Status, error.Code));
        Assert.Contains("Comox:ServiceKey", error.Message);
    }

    [Fact]
    public async Task Only_chat_engines_answer_chats()
    {
        await using var gateway = await GatewayUnderTest.StartAsync();
        gateway.Node.Status = FakeNode.With("n", FakeNode.Engine(), FakeNode.Engine("embedder", id: "embed") with { Role = "embed" });
        await gateway.KnowsAsync(fleet => fleet.Find("embedder") is not null);

        var error = await (await gateway.SendAsync(Chat.Streamed.Replace("fake-model", "embedder"))).ErrorAsync();
        Assert.Equal((404, ErrorCodes.ModelNotFound), (error.Status, error.Code));
        Assert.Contains("vectors only", error.Message);
    }

    [Fact]
    public async Task A_character_whose_model_makes_vectors_only_is_not_said_to_be_gone()
    {
        await using var gateway = await GatewayUnderTest.StartAsync(settings: ("DefaultModel", "embedder"));
        gateway.Node.Status = FakeNode.With("n", FakeNode.Engine(), FakeNode.Engine("embedder", id: "embed") with { Role = "embed" });
        await gateway.KnowsAsync(fleet => fleet.Find("embedder") is not null);
        var error = await (await gateway.SendAsync(Chat.CharacterWhole)).ErrorAsync();
        Assert.Equal(503, error.Status);
        Assert.Contains("DefaultModel", error.Message);
    }

    [Fact]
    public async Task A_prompt_is_made_for_the_smallest_context_that_it_may_meet()
    {
        await using var routed = await Pains.RoutedGateway.StartAsync(
            null,
            [("Routes:0:Pools:0:Backends:0:ContextTokens", "16384"), ("Routes:0:Pools:0:Backends:1:ContextTokens", "8192"), ("Routes:0:Pools:1:Backends:0:ContextTokens", "2048")],
            new Pains.At("a") { Pool = "p" }, new Pains.At("b") { Pool = "p" }, new Pains.At("unknown") { Pool = "p" }, new Pains.At("next"));
        Assert.Equal((8192, 1024), (routed.Route.Profile.ContextTokens, routed.Route.Profile.ReplyTokens));
    }

    [Fact]
    public async Task Models_are_the_characters_and_the_plain_ones()
    {
        await using var gateway = await GatewayUnderTest.StartAsync();

        var list = JsonDocument.Parse(await gateway.Http.GetStringAsync("/v1/models")).RootElement;
        var character = JsonDocument.Parse(await gateway.Http.GetStringAsync("/v1/models/character/ada")).RootElement;
        var escaped = JsonDocument.Parse(await gateway.Http.GetStringAsync("/v1/models/character%2Fada")).RootElement;
        var unknown = await (await gateway.Http.GetAsync("/v1/models/nothing")).ErrorAsync();

        Assert.Equal("list", list.GetProperty("object").GetString());
        Assert.Equal(["character/ada", "fake-model"], list.GetProperty("data").EnumerateArray().Select(model => model.GetProperty("id").GetString()));
        Assert.Equal(("comox", "Ada"), (character.GetProperty("owned_by").GetString(), character.GetProperty("name").GetString()));
        Assert.Equal("The model fake-model.", list.GetProperty("data")[1].GetProperty("description").GetString());
        Assert.True(JsonElement.DeepEquals(character, escaped));
        Assert.Equal((404, ErrorCodes.ModelNotFound), (unknown.Status, unknown.Code));
    }

    [Fact]
    public async Task Without_memory_the_plain_models_are_still_listed()
    {
        await using var gateway = await GatewayUnderTest.StartAsync(settings: ("ModelListTimeout", "00:00:00.200"));
        await gateway.Memory.DisposeAsync();

        var list = JsonDocument.Parse(await gateway.Http.GetStringAsync("/v1/models")).RootElement;

        Assert.Equal(["fake-model"], list.GetProperty("data").EnumerateArray().Select(model => model.GetProperty("id").GetString()));
    }

    [Fact]
    public async Task Without_memory_a_character_is_not_said_to_be_gone()
    {
        await using var gateway = await GatewayUnderTest.StartAsync(settings: ("ModelListTimeout", "00:00:00.200"));
        await gateway.Memory.DisposeAsync();
        var character = await (await gateway.Http.GetAsync("/v1/models/character/ada")).ErrorAsync();
        Assert.Equal((503, ErrorCodes.MemoryUnavailable), (character.Status, character.Code));
        Assert.Equal(200, (int)(await gateway.Http.GetAsync("/v1/models/fake-model")).StatusCode);
        Assert.Equal(404, (int)(await gateway.Http.GetAsync("/v1/models/nothing")).StatusCode);
    }

    [Theory]
    [InlineData("/v1/completions", "prompt")]
    [InlineData("/v1/embeddings", "input")]
    public async Task A_character_that_is_asked_for_something_else_is_said_to_be_talked_with(string path, string field)
    {
        await using var gateway = await GatewayUnderTest.StartAsync();
        using var response = await gateway.Http.PostAsync(path, new StringContent($$"""{"model":"character/ada","{{field}}":"Hi"}""", System.Text.Encoding.UTF8, "application/json"));
        var error = await response.ErrorAsync();
        Assert.Equal((404, ErrorCodes.ModelNotFound), (error.Status, error.Code));
        Assert.Contains("/v1/chat/completions", error.Message);
        Assert.DoesNotContain("does not exist", error.Message);
    }
}
