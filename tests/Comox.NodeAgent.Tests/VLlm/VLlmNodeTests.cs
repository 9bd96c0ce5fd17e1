using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using Comox.NodeAgent.Health;
using Comox.NodeAgent.ModelCache;
using Comox.NodeAgent.Supervision;
using Comox.ServiceDefaults.Contracts.Nodes;
using Comox.ServiceDefaults.Contracts.OpenAI;
using Comox.TestKit;
using Microsoft.Extensions.DependencyInjection;

namespace Comox.NodeAgent.Tests.VLlm;

/// <summary>A whole agent over a process that plays vLLM.</summary>
[System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
public sealed class VLlmNodeTests
{
    [Fact]
    public async Task A_model_in_safetensors_is_served_by_vllm_and_streams_through_the_proxy()
    {
        var folder = VLlmNode.NewFolder();
        await using var node = await VLlmNode.StartAsync(folder, Pinned(folder, "ada"));
        var engine = await node.UntilAsync("ada", EngineStates.Ready);

        Assert.Equal("vllm", engine.Kind);
        Assert.Equal("0.18.0", engine.Version);
        Assert.Equal([0], engine.Cards);
        Assert.Equal(8, engine.Slots);
        Assert.Null(engine.Sleep); // A pinned model needs none.
        Assert.Equal(2048, engine.Model!.ContextTokens);
        using var response = await node.SendAsync("ada", stream: true);
        var text = await response.Content.ReadAsStringAsync();
        Assert.Contains("\"role\":\"assistant\",\"content\":\"\"", text);
        Assert.EndsWith("data: [DONE]\n\n", text);
    }

    [Fact]
    public async Task The_key_is_in_no_argument_and_the_sleep_of_a_pinned_model_is_not_even_there()
    {
        var folder = VLlmNode.NewFolder();
        await using var node = await VLlmNode.StartAsync(folder, Pinned(folder, "ada"));
        var engine = await node.UntilAsync("ada", EngineStates.Ready);
        var key = (await File.ReadAllTextAsync(Path.Combine(node.Agent.Home, "engines", "run", "ada.key"))).Trim();

        Assert.DoesNotContain(key, await File.ReadAllTextAsync($"/proc/{engine.ProcessId}/cmdline"));
        var environment = (await File.ReadAllTextAsync($"/proc/{engine.ProcessId}/environ")).Split('\0');
        Assert.Contains("HF_HUB_OFFLINE=1", environment);
        Assert.Contains("VLLM_NO_USAGE_STATS=1", environment);
        Assert.DoesNotContain("VLLM_SERVER_DEV_MODE=1", environment);
        using var direct = new HttpClient();
        using var refused = await direct.GetAsync(new Uri(node.Address("ada"), "v1/models"));
        Assert.Equal(HttpStatusCode.Unauthorized, refused.StatusCode);
        using var noSleep = await direct.PostAsync(new Uri(node.Address("ada"), "sleep"), null);
        Assert.Equal(HttpStatusCode.NotFound, noSleep.StatusCode);
    }

    [Theory]
    [InlineData("POST", "sleep?level=1")]
    [InlineData("POST", "wake_up")]
    [InlineData("GET", "is_sleeping")]
    [InlineData("POST", "collective_rpc")]
    [InlineData("POST", "reset_prefix_cache")]
    [InlineData("POST", "v1/load_lora_adapter")]
    [InlineData("POST", "v1/unload_lora_adapter")]
    [InlineData("POST", "slots/0?action=erase")]
    [InlineData("POST", "lora-adapters")]
    [InlineData("POST", "v1/models")]
    [InlineData("GET", "v1/chat/completions")]
    [InlineData("POST", "V1/chat/completions")]
    [InlineData("POST", "v1//chat/completions")]
    [InlineData("POST", "v1/chat%2Fcompletions")]
    [InlineData("POST", "invocations")]
    public async Task What_changes_an_engine_is_refused_from_outside_with_the_reason(string method, string path)
    {
        await using var agent = await RunningAgent.StartAsync(new() { ["Comox:NodeAgent:EnginePath"] = "/nowhere" });
        using var request = new HttpRequestMessage(new HttpMethod(method), $"node/engines/chat/proxy/{path}");
        using var response = await agent.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        Assert.Equal(HttpStatusCode.Forbidden, response.StatusCode);
        var error = (await response.Content.ReadFromJsonAsync(OpenAIJson.Default.ApiErrorBody))!.Error;
        Assert.Equal(ErrorCodes.EnginePathRefused, error.Code);
        Assert.Contains("is not for callers of an engine", error.Message);
    }

    [Fact]
    public async Task A_killed_vllm_is_started_again_on_the_same_card()
    {
        var folder = VLlmNode.NewFolder(cards: 2);
        var settings = Pinned(folder, "ada");
        settings["Comox:NodeAgent:Models:0:Cards:0"] = "1";
        await using var node = await VLlmNode.StartAsync(folder, settings);
        var before = await node.UntilAsync("ada", EngineStates.Ready);
        Assert.Equal([1], before.Cards);
        Assert.Equal((0, true), (node.Used(0), node.Used(1) > 0));

        using (var process = Process.GetProcessById(before.ProcessId!.Value))
            process.Kill();
        var after = await node.Agent.UntilAsync("ada", engine => engine.State == EngineStates.Ready && engine.ProcessId != before.ProcessId);
        Assert.Equal((1, 1), (after.Restarts, Assert.Single(after.Cards)));
    }

    [Fact]
    public async Task A_model_over_two_cards_has_both_and_one_that_is_for_one_card_goes_elsewhere()
    {
        var folder = VLlmNode.NewFolder(cards: 3);
        var settings = Pinned(folder, "large");
        settings["Comox:NodeAgent:Models:0:Cards:0"] = "0";
        settings["Comox:NodeAgent:Models:0:Cards:1"] = "2";
        settings["Comox:NodeAgent:Models:1:Model"] = TestModels.Folder(folder, "small");
        settings["Comox:NodeAgent:Models:1:Name"] = "small";
        await using var node = await VLlmNode.StartAsync(folder, settings);
        Assert.Equal([0, 2], (await node.UntilAsync("large", EngineStates.Ready)).Cards);
        await node.AskAsync("small");
        Assert.Equal([1], node.Status("small").Cards);
        Assert.True(node.Used(0) > 0 && node.Used(1) > 0 && node.Used(2) > 0);
    }

    [Fact]
    public async Task Why_vllm_did_not_start_is_told_in_its_own_words()
    {
        var folder = VLlmNode.NewFolder();
        await using var node = await VLlmNode.StartAsync(folder, Pinned(folder, "ada"), "out-of-memory");
        var dead = await node.UntilAsync("ada", EngineStates.Restarting);
        Assert.StartsWith("vllm exited with code 1: ValueError: Free memory on device cuda:0", dead.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Where_both_forms_of_a_model_are_named_a_node_with_a_card_and_vllm_takes_the_one_for_vllm()
    {
        var folder = VLlmNode.NewFolder();
        await using var node = await VLlmNode.StartAsync(folder, BothForms(folder));
        await node.AskAsync("ada");
        Assert.Equal("vllm", node.Status("ada").Kind);
    }

    [Theory]
    [InlineData(0, null)]
    [InlineData(1, "/nowhere/vllm")]
    public async Task Without_a_card_or_without_vllm_it_takes_the_one_for_llama_cpp(int cards, string? program)
    {
        Assert.SkipWhen(TestEngine.Path is null, TestEngine.SkipReason);
        var folder = VLlmNode.NewFolder(cards);
        var settings = BothForms(folder);
        if (program is not null)
            settings["Comox:NodeAgent:VllmPath"] = program;
        await using var node = await VLlmNode.StartAsync(folder, settings);
        await node.AskAsync("ada");
        Assert.Equal("llama.cpp", node.Status("ada").Kind);
        Assert.Empty(node.Status("ada").Cards);
    }

    [Fact]
    public async Task A_node_has_one_engine_of_each_kind_side_by_side()
    {
        Assert.SkipWhen(TestEngine.Path is null, TestEngine.SkipReason);
        var folder = VLlmNode.NewFolder();
        var settings = Pinned(folder, "ada");
        settings["Comox:NodeAgent:Models:1:Model"] = Gguf(folder);
        settings["Comox:NodeAgent:Models:1:Name"] = "brine";
        await using var node = await VLlmNode.StartAsync(folder, settings);
        await node.AskAsync("brine");
        await node.AskAsync("ada");
        Assert.Equal(("vllm", EngineStates.Ready), (node.Status("ada").Kind, node.Status("ada").State));
        Assert.Equal(("llama.cpp", EngineStates.Ready), (node.Status("brine").Kind, node.Status("brine").State));

        // The card is one's, the machine's memory the other's: neither makes room for the other.
        Assert.Equal([0], node.Status("ada").Cards);
        Assert.Empty(node.Status("brine").Cards);
        using var metrics = await node.Agent.Http.GetAsync("node/engines/ada/proxy/metrics");
        Assert.Contains("vllm:num_requests_running", await metrics.Content.ReadAsStringAsync());
        using var slots = await node.Agent.Http.GetAsync("node/engines/brine/proxy/slots");
        Assert.Equal(HttpStatusCode.OK, slots.StatusCode);
    }

    [Fact]
    public async Task What_a_card_cannot_compute_is_refused_with_what_to_do()
    {
        var folder = VLlmNode.NewFolder();
        var settings = Pinned(folder, "ada");
        TestModels.Config(Path.Combine(folder, "ada"), """{"quant_method":"compressed-tensors","config_groups":{"group_0":{"weights":{"num_bits":8,"type":"float"},"input_activations":{"num_bits":8,"type":"float"}}}}""");
        await using var node = await VLlmNode.StartAsync(folder, settings, capability: "7.5");
        var failed = await node.UntilAsync("ada", EngineStates.Failed);
        Assert.Contains("FP8 W8A8 needs a card of compute capability 8.0 or more, and NVIDIA GeForce RTX 3090 (card 0) has 7.5. Use AWQ or GPTQ", failed.Reason);
    }

    [Fact]
    public async Task A_model_that_no_card_can_hold_is_refused_with_the_figures_and_what_to_do()
    {
        var folder = VLlmNode.NewFolder();
        var settings = Pinned(folder, "ada");
        settings["Comox:NodeAgent:Models:0:Pinned"] = "false";
        settings["Comox:NodeAgent:Slots"] = "64";
        var config = Path.Combine(folder, "ada", "config.json");
        await File.WriteAllTextAsync(config, (await File.ReadAllTextAsync(config)).Replace("\"num_hidden_layers\":2", "\"num_hidden_layers\":2000", StringComparison.Ordinal));
        await using var node = await VLlmNode.StartAsync(folder, settings);
        await node.UntilAsync("ada", EngineStates.Unloaded);
        using var response = await node.SendAsync("ada", stream: false);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, response.StatusCode);
        var error = (await response.Content.ReadFromJsonAsync(OpenAIJson.Default.ApiErrorBody))!.Error;
        Assert.Contains("engines have 23347 MiB on the largest of this node's cards that it may use. Give it fewer slots or less context, or spread it over several cards with Cards.", error.Message);
    }

    [Fact]
    public async Task What_another_program_takes_of_the_card_is_left_to_it_and_waited_for_in_words()
    {
        var folder = VLlmNode.NewFolder();
        await using var node = await VLlmNode.StartAsync(folder, new()
        {
            ["Comox:NodeAgent:Models:0:Model"] = TestModels.Folder(folder, "ada"), ["Comox:NodeAgent:Models:0:Name"] = "ada",
        });
        await node.UntilAsync("ada", EngineStates.Unloaded);
        var other = Path.Combine(folder, "cards", $"card0.{Environment.ProcessId}");
        await File.WriteAllTextAsync(other, $"{23L << 30}");
        await Eventually.IsTrueAsync(() => node.Agent.Services.GetRequiredService<NodeStatusBoard>().Current.Hardware.Cards is [{ MemoryUsedBytes: 23L << 30 }], "the card is read");

        var asked = node.AskAsync("ada");
        var waiting = await node.Agent.UntilAsync("ada", engine => engine.Waiting == 1 && engine.Reason.StartsWith("Waits", StringComparison.Ordinal));
        Assert.Equal("Waits for memory: other programs hold 23552 MiB of its card", waiting.Reason);
        Assert.False(asked.IsCompleted);

        File.Delete(other);
        await asked;
    }

    [Theory]
    [InlineData("ada")]
    [InlineData("brine")] // The settings name no such engine any more.
    public async Task What_an_agent_that_was_killed_has_left_on_a_card_is_ended_before_the_card_is_measured(string engine)
    {
        var folder = VLlmNode.NewFolder();
        var home = Directory.CreateTempSubdirectory("comox-left-").FullName;
        var start = new ProcessStartInfo("sleep", ["1000"]);
        start.Environment[LeftoverEngines.Mark] = Path.Combine(home, "engines", "run", $"{engine}.key");
        using var worker = Process.Start(start)!;
        try
        {
            await File.WriteAllTextAsync(Path.Combine(folder, "cards", $"card0.{worker.Id}"), $"{VLlmNode.CardBytes}");
            await using var node = await VLlmNode.StartAsync(folder, OnDemand(folder), home: home);
            await node.AskAsync("ada");
            Assert.True(worker.HasExited);
        }
        finally
        {
            worker.Kill();
        }
    }

    [Fact]
    public async Task A_node_that_loads_the_model_somebody_has_asked_for_is_ready()
    {
        var folder = VLlmNode.NewFolder();
        await using var node = await VLlmNode.StartAsync(folder, OnDemand(folder), "slow");
        await node.UntilAsync("ada", EngineStates.Unloaded);
        Assert.Equal(HttpStatusCode.OK, await HealthAsync());

        var asked = node.AskAsync("ada");
        await node.UntilAsync("ada", EngineStates.Loading);
        Assert.Equal((HttpStatusCode.OK, EngineStates.Loading), (await HealthAsync(), node.Status("ada").State));
        await asked;

        async Task<HttpStatusCode> HealthAsync()
        {
            using var health = await node.Agent.Http.GetAsync("/health");
            return health.StatusCode;
        }
    }

    private static Dictionary<string, string?> OnDemand(string folder) => new()
    {
        ["Comox:NodeAgent:Models:0:Model"] = TestModels.Folder(folder, "ada"),
        ["Comox:NodeAgent:Models:0:Name"] = "ada",
    };

    internal static Dictionary<string, string?> Pinned(string folder, string name) => new()
    {
        ["Comox:NodeAgent:Models:0:Model"] = TestModels.Folder(folder, name),
        ["Comox:NodeAgent:Models:0:Name"] = name,
        ["Comox:NodeAgent:Models:0:Pinned"] = "true",
    };

    private static Dictionary<string, string?> BothForms(string folder) => new()
    {
        ["Comox:NodeAgent:Models:0:Name"] = "ada",
        ["Comox:NodeAgent:Models:0:Artifacts:0:Model"] = Gguf(folder),
        ["Comox:NodeAgent:Models:0:Artifacts:1:Model"] = TestModels.Folder(folder, "ada"),
    };

    private static string Gguf(string folder)
    {
        var file = Path.Combine(folder, "tiny.gguf");
        File.Copy(Path.Combine(AppContext.BaseDirectory, "nodeagent", BuiltInModel.FileName), file);
        return file;
    }
}
