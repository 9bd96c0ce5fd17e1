using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Comox.NodeAgent.Tests.Adapters;
using Comox.ServiceDefaults.Contracts.Nodes;
using Comox.ServiceDefaults.Contracts.OpenAI;

namespace Comox.NodeAgent.Tests.VLlm;

/// <summary>Adapters that are loaded while vLLM runs: a whole agent over the process that plays it.</summary>
[System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
public sealed class VLlmAdapterTests
{
    [Fact]
    public async Task One_is_loaded_when_it_is_first_asked_for_and_the_idle_one_that_was_longest_unused_gives_way()
    {
        await using var node = await StartAsync(adapters: 3, held: 2);
        Assert.Equal([AdapterStates.Unloaded, AdapterStates.Unloaded, AdapterStates.Unloaded], States(await node.UntilAsync("ada", EngineStates.Ready)));
        Assert.Equal("lora0", await AskAsync(node, "lora0"));
        Assert.Equal("lora1", await AskAsync(node, "lora1"));
        Assert.Equal("lora0", await AskAsync(node, "lora0"));
        Assert.Equal("lora2", await AskAsync(node, "lora2"));
        await node.Agent.UntilAsync("ada", engine => States(engine) is [AdapterStates.Loaded, AdapterStates.Unloaded, AdapterStates.Loaded]);
        Assert.Equal(["ada", "lora0", "lora2"], await ServedAsync(node));
        Assert.Equal("ada", await AskAsync(node, "ada"));
    }

    [Fact]
    public async Task Many_who_ask_for_the_same_wait_for_one_load_and_who_finds_all_places_used_waits_for_one()
    {
        await using var node = await StartAsync(adapters: 3, held: 1);
        await node.UntilAsync("ada", EngineStates.Ready);
        using var stream = await SendAsync(node, "lora0", stream: true, tokens: 40);
        // The two are told by different hands, one after the other.
        await node.Agent.UntilAsync("ada", engine => engine is { InFlight: 1, Adapters: [{ InFlight: 1 }, ..] });
        var others = Enumerable.Range(0, 6).Select(_ => AskAsync(node, "lora1")).ToList();
        Assert.Equal("ada", await AskAsync(node, "ada")); // The model itself waits for no adapter.
        Assert.Equal(["ada", "lora0"], await ServedAsync(node));
        Assert.Contains("[DONE]", await stream.Content.ReadAsStringAsync());
        Assert.All(await Task.WhenAll(others), name => Assert.Equal("lora1", name));
        Assert.Equal(["ada", "lora1"], await ServedAsync(node));
    }

    [Fact]
    public async Task After_a_death_of_the_engine_those_that_were_loaded_are_loaded_again_without_being_asked_for()
    {
        await using var node = await StartAsync(adapters: 3, held: 2);
        var before = await node.UntilAsync("ada", EngineStates.Ready);
        await AskAsync(node, "lora2");
        using (var process = Process.GetProcessById(before.ProcessId!.Value))
            process.Kill();
        await node.Agent.UntilAsync("ada", engine => engine.State == EngineStates.Restarting && States(engine)[2] == AdapterStates.Unloaded);
        await node.Agent.UntilAsync("ada", engine => engine.State == EngineStates.Ready && engine.ProcessId != before.ProcessId && States(engine) is [AdapterStates.Unloaded, AdapterStates.Unloaded, AdapterStates.Loaded]);
        Assert.Equal(["ada", "lora2"], await ServedAsync(node));
    }

    [Fact]
    public async Task A_load_that_takes_seconds_holds_up_the_streams_that_run_and_cuts_none()
    {
        await using var node = await StartAsync(adapters: 2, held: 2, faults: "slow-adapter");
        var before = await node.UntilAsync("ada", EngineStates.Ready);
        using var stream = await SendAsync(node, "ada", stream: true, tokens: 100);
        await node.Agent.UntilAsync("ada", engine => engine.InFlight == 1);
        Assert.Equal("lora0", await AskAsync(node, "lora0"));
        Assert.Contains("[DONE]", await stream.Content.ReadAsStringAsync());
        Assert.Equal((before.ProcessId, 0), (node.Status("ada").ProcessId, node.Status("ada").Restarts));
    }

    [Fact]
    public async Task A_load_that_fails_is_told_in_the_engines_words_and_the_model_goes_on()
    {
        await using var node = await StartAsync(adapters: 2, held: 2);
        await node.UntilAsync("ada", EngineStates.Ready);
        File.Delete(Path.Combine(node.Folder, "lora0", "adapter_config.json"));
        using var response = await SendAsync(node, "lora0", stream: false);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, response.StatusCode);
        var error = (await response.Content.ReadFromJsonAsync(OpenAIJson.Default.ApiErrorBody))!.Error;
        Assert.Equal(ErrorCodes.AdapterUnavailable, error.Code);
        Assert.Contains("No adapter found for", error.Message);
        var engine = await node.Agent.UntilAsync("ada", engine => engine.Adapters[0].State == AdapterStates.Failed);
        Assert.Contains("It is tried again 30 s later", engine.Adapters[0].Reason);
        Assert.Equal(EngineStates.Ready, engine.State);
        Assert.Equal("ada", await AskAsync(node, "ada"));
        Assert.Equal("lora1", await AskAsync(node, "lora1"));
    }

    [Fact]
    public async Task A_model_that_has_to_go_first_finishes_what_an_adapter_has_begun_and_whoever_asks_for_the_adapter_waits_for_both()
    {
        await using var node = await StartAsync(adapters: 1, held: 1, other: true);
        Assert.Equal("lora0", await AskAsync(node, "lora0"));
        using var stream = await SendAsync(node, "lora0", stream: true, tokens: 40);
        var brine = node.AskAsync("brine");
        Assert.Contains("finishes 1 request first", (await node.UntilAsync("ada", EngineStates.Draining)).Reason);
        Assert.Contains("[DONE]", await stream.Content.ReadAsStringAsync());
        await brine;
        Assert.Equal("lora0", await AskAsync(node, "lora0"));
    }

    [Fact]
    public async Task One_on_the_hub_is_fetched_as_a_folder()
    {
        var made = TestAdapters.Peft(Directory.CreateTempSubdirectory("comox-peft-").FullName, "lora");
        try
        {
            await using var hub = await TestHub.StartAsync([.. Directory.GetFiles(made).Select(file => (Path.GetFileName(file), File.ReadAllBytes(file)))]);
            var folder = VLlmNode.NewFolder();
            await using var node = await VLlmNode.StartAsync(folder, new()
            {
                ["Comox:NodeAgent:Models:0:Model"] = TestModels.Folder(folder, "ada"), ["Comox:NodeAgent:Models:0:Name"] = "ada", ["Comox:NodeAgent:Models:0:Pinned"] = "true",
                ["Comox:NodeAgent:Models:0:Adapters:0:Name"] = "lora0", ["Comox:NodeAgent:Models:0:Adapters:0:Model"] = "org/model",
                ["Comox:NodeAgent:Hub"] = hub.Address.ToString(), ["Comox:NodeAgent:Offline"] = "false",
            });
            Assert.Equal("lora0", await AskAsync(node, "lora0"));
        }
        finally
        {
            Directory.Delete(Path.GetDirectoryName(made)!, recursive: true);
        }
    }

    private static async Task<VLlmNode> StartAsync(int adapters, int held, bool other = false, string faults = "")
    {
        var folder = VLlmNode.NewFolder();
        var settings = new Dictionary<string, string?>
        {
            ["Comox:NodeAgent:Models:0:Model"] = TestModels.Folder(folder, "ada"), ["Comox:NodeAgent:Models:0:Name"] = "ada", ["Comox:NodeAgent:Models:0:Pinned"] = other ? "false" : "true",
            ["Comox:NodeAgent:Models:0:AdaptersHeld"] = $"{held}", ["Comox:NodeAgent:Models:0:AdaptersAtOnce"] = "1", ["Comox:NodeAgent:Swapping:Sleep"] = "false",
        };
        for (var at = 0; at < adapters; at++)
        {
            settings[$"Comox:NodeAgent:Models:0:Adapters:{at}:Name"] = $"lora{at}";
            settings[$"Comox:NodeAgent:Models:0:Adapters:{at}:Model"] = TestAdapters.Peft(folder, $"lora{at}");
        }

        if (other)
        {
            (settings["Comox:NodeAgent:Models:1:Model"], settings["Comox:NodeAgent:Models:1:Name"], settings["Comox:NodeAgent:Slots"]) = (TestModels.Folder(folder, "brine"), "brine", "64");
            foreach (var config in new[] { "ada", "brine" }.Select(name => Path.Combine(folder, name, "config.json")))
                File.WriteAllText(config, File.ReadAllText(config).Replace("\"num_hidden_layers\":2", "\"num_hidden_layers\":700", StringComparison.Ordinal)); // So that one fills the card.
        }

        return await VLlmNode.StartAsync(folder, settings, faults);
    }

    private static string[] States(EngineStatus engine) => [.. engine.Adapters.Select(adapter => adapter.State)];

    private static async Task<string[]> ServedAsync(VLlmNode node)
    {
        using var json = JsonDocument.Parse(await node.Agent.Http.GetStringAsync("node/engines/ada/proxy/v1/models"));
        return [.. json.RootElement.GetProperty("data").EnumerateArray().Select(card => card.GetProperty("id").GetString()!).Order(StringComparer.Ordinal)];
    }

    /// <returns>Who has answered.</returns>
    private static async Task<string> AskAsync(VLlmNode node, string model)
    {
        using var response = await SendAsync(node, model, stream: false);
        var text = await response.Content.ReadAsStringAsync();
        Assert.True(response.IsSuccessStatusCode, $"{(int)response.StatusCode}: {text}");
        using var json = JsonDocument.Parse(text);
        return json.RootElement.GetProperty("model").GetString()!;
    }

    private static async Task<HttpResponseMessage> SendAsync(VLlmNode node, string model, bool stream, int tokens = 4)
    {
        await node.Agent.UntilAsync("ada", engine => engine.State is not (EngineStates.Provisioning or EngineStates.Fetching));
        var body = $$"""{"stream":{{(stream ? "true" : "false")}},"max_tokens":{{tokens}},"messages":[{"role":"user","content":"Hello!"}],"model":"{{model}}"}""";
        using var request = new HttpRequestMessage(HttpMethod.Post, "node/engines/ada/proxy/v1/chat/completions") { Content = new StringContent(body, Encoding.UTF8, "application/json") };
        return await node.Agent.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
    }
}
