using System.Text;
using System.Text.Json;
using Comox.NodeAgent.Engines;
using Comox.NodeAgent.ModelCache;
using Comox.NodeAgent.Tests.Adapters;
using Comox.ServiceDefaults.Contracts.Nodes;
using Comox.TestKit;
using Microsoft.Extensions.DependencyInjection;

namespace Comox.NodeAgent.Tests.SavedSlots;

/// <summary>What a conversation has cost to read outlives the model's leave: a real agent over a real llama-server.</summary>
[System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
public sealed class RealSlotTests
{
    private const string Opening = "You are Captain Brine, a gruff pirate captain. The user is Mara. Memory: Mara likes to drink green tea. Mara lives in Ljubljana.";

    public RealSlotTests() => Assert.SkipWhen(TestEngine.Path is null, TestEngine.SkipReason);

    [Fact]
    public async Task A_conversation_that_goes_on_after_its_model_was_away_is_not_read_again()
    {
        await using var agent = await StartAsync();
        var first = await AskAsync(agent, "ada", "ada", "Hello!");
        Assert.Equal(0, first.Cached);
        await AskAsync(agent, "brine", "brine", "Hello!");
        await agent.UntilAsync("ada", engine => engine.State == EngineStates.Unloaded);
        var files = Files(agent, "ada");
        Assert.Equal(["0.slot", "slots.json"], files.Select(Path.GetFileName).Select(name => name!.EndsWith(".slot", StringComparison.Ordinal) ? "0.slot" : name).Order(StringComparer.Ordinal));
        Assert.All(files, file => Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file)));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(Path.GetDirectoryName(files[0])!));

        var again = await AskAsync(agent, "ada", "ada", "Hello!");
        Assert.InRange(again.Cached, first.Prompt / 2, first.Prompt);
        Assert.Equal(first.Text, again.Text);
        Assert.Empty(Files(agent, "ada")); // It is in the engine again.
    }

    [Fact]
    public async Task A_conversation_that_rests_while_its_model_comes_and_goes_for_others_is_kept_all_the_while()
    {
        await using var agent = await StartAsync();
        var first = await AskAsync(agent, "ada", "ada", "Hello!");
        for (var time = 0; time < 2; time++)
        {
            await AskAsync(agent, "brine", "brine", "Hello!");
            await agent.UntilAsync("ada", engine => engine.State == EngineStates.Unloaded);
            // Nothing that the conversation begins with, and long enough for the one token that begins every prompt to be little of it: it gets another slot.
            var other = $$"""{"prompt":"{{string.Join(' ', Enumerable.Range(100, 30))}}","max_tokens":1}""";
            using var answer = await agent.Http.PostAsync("node/engines/ada/proxy/v1/completions", new StringContent(other, Encoding.UTF8, "application/json"));
            Assert.True(answer.IsSuccessStatusCode);
        }

        Assert.InRange((await AskAsync(agent, "ada", "ada", "Hello!")).Cached, first.Prompt / 2, first.Prompt);
    }

    [Fact]
    public async Task A_restart_that_was_asked_for_keeps_them_and_a_death_has_nothing_to_keep()
    {
        await using var agent = await StartAsync();
        var first = await AskAsync(agent, "ada", "ada", "Hello!");
        var process = Status(agent, "ada").ProcessId;
        (await agent.Http.PostAsync("node/engines/ada/restart", null)).Dispose();
        process = (await agent.UntilAsync("ada", engine => engine.State == EngineStates.Ready && engine.ProcessId != process)).ProcessId;
        Assert.InRange((await AskAsync(agent, "ada", "ada", "Hello!")).Cached, first.Prompt / 2, first.Prompt);

        using (var killed = System.Diagnostics.Process.GetProcessById(process!.Value))
            killed.Kill();
        await agent.UntilAsync("ada", engine => engine.State == EngineStates.Ready && engine.ProcessId != process);
        Assert.Equal(0, (await AskAsync(agent, "ada", "ada", "Hello!")).Cached);
    }

    [Fact]
    public async Task What_an_adapter_has_read_goes_back_to_the_adapter_and_never_to_the_model()
    {
        var settings = new Dictionary<string, string?> { ["Comox:NodeAgent:Slots"] = "1", ["Comox:NodeAgent:Models:0:Adapters:0:Name"] = "odd" };
        await using var agent = await StartAsync(settings, adapter: true);
        var model = await AskAsync(agent, "ada", "ada", "Hello!");
        var odd = await AskAsync(agent, "ada", "odd", "Hello!");
        Assert.NotEqual(model.Text, odd.Text);
        await LeaveAsync(agent);
        var again = await AskAsync(agent, "ada", "odd", "Hello!");
        Assert.InRange(again.Cached, odd.Prompt / 2, odd.Prompt);
        Assert.Equal(odd.Text, again.Text);
        await LeaveAsync(agent);
        var bare = await AskAsync(agent, "ada", "ada", "Hello!");
        Assert.Equal((0, model.Text), (bare.Cached, bare.Text));
        await LeaveAsync(agent);
        Assert.InRange((await AskAsync(agent, "ada", "ada", "Hello!")).Cached, model.Prompt / 2, model.Prompt);

        async Task LeaveAsync(RunningAgent agent)
        {
            await AskAsync(agent, "brine", "brine", "Hello!");
            await agent.UntilAsync("ada", engine => engine.State == EngineStates.Unloaded);
        }
    }

    [Theory]
    [InlineData("Comox:NodeAgent:SavedSlots:MaxAge", "00:00:00")]
    [InlineData("Comox:NodeAgent:SavedSlots:Size", "1KB")]
    [InlineData("Comox:NodeAgent:Cache:Reserve", "900000TB")]
    public async Task Where_it_is_switched_off_or_there_is_no_room_nothing_is_kept_and_nothing_else_is_missing(string key, string value)
    {
        await using var agent = await StartAsync(new() { [key] = value });
        await AskAsync(agent, "ada", "ada", "Hello!");
        await AskAsync(agent, "brine", "brine", "Hello!");
        await agent.UntilAsync("ada", engine => engine.State == EngineStates.Unloaded);
        Assert.Empty(Files(agent, "ada"));
        Assert.Equal(0, (await AskAsync(agent, "ada", "ada", "Hello!")).Cached);
    }

    [Fact]
    public async Task Files_that_are_damaged_cost_nothing_but_the_reading()
    {
        await using var agent = await StartAsync();
        await AskAsync(agent, "ada", "ada", "Hello!");
        await AskAsync(agent, "brine", "brine", "Hello!");
        await agent.UntilAsync("ada", engine => engine.State == EngineStates.Unloaded);
        var slots = Files(agent, "ada").Where(file => file.EndsWith(".slot", StringComparison.Ordinal)).ToList();
        Assert.NotEmpty(slots);
        foreach (var file in slots)
            await File.WriteAllBytesAsync(file, [1, 2, 3]);
        Assert.Equal(0, (await AskAsync(agent, "ada", "ada", "Hello!")).Cached);
        Assert.Empty(Files(agent, "ada"));
        Assert.Equal(0, Status(agent, "ada").Restarts);
    }

    private static string[] Files(RunningAgent agent, string engine) =>
        Directory.Exists(Path.Combine(agent.Home, "engines", "slots", engine)) ? Directory.GetFiles(Path.Combine(agent.Home, "engines", "slots", engine)) : [];

    private static EngineStatus Status(RunningAgent agent, string id) => agent.Services.GetRequiredService<EngineRegistry>().Find(id)!.Status;

    private static async Task<RunningAgent> StartAsync(Dictionary<string, string?>? settings = null, bool adapter = false)
    {
        var home = Directory.CreateTempSubdirectory("comox-slots-").FullName;
        var all = new Dictionary<string, string?> { ["Comox:NodeAgent:Swapping:MemoryBytes"] = "130000000", ["Comox:NodeAgent:Swapping:MinResidency"] = "00:00:00" };
        foreach (var (name, at) in new[] { ("ada", 0), ("brine", 1) })
        {
            all[$"Comox:NodeAgent:Models:{at}:Model"] = Path.Combine(home, $"{name}.gguf");
            all[$"Comox:NodeAgent:Models:{at}:Name"] = name;
            File.Copy(Path.Combine(AppContext.BaseDirectory, "nodeagent", BuiltInModel.FileName), Path.Combine(home, $"{name}.gguf"));
        }

        if (adapter)
            all["Comox:NodeAgent:Models:0:Adapters:0:Model"] = TestAdapters.Gguf(Path.Combine(home, "odd.gguf"));
        foreach (var (key, value) in settings ?? [])
            all[key] = value;
        return await RunningAgent.StartAsync(all, home: home);
    }

    private static async Task<(string Text, int Prompt, int Cached)> AskAsync(RunningAgent agent, string id, string model, string words)
    {
        await agent.UntilAsync(id, engine => engine.State is not (EngineStates.Provisioning or EngineStates.Fetching or EngineStates.Restarting));
        var body = $$"""{"model":"{{model}}","temperature":0,"max_tokens":8,"messages":[{"role":"system","content":"{{Opening}}"},{"role":"user","content":"{{words}}"}]}""";
        using var request = new HttpRequestMessage(HttpMethod.Post, $"node/engines/{id}/proxy/v1/chat/completions") { Content = new StringContent(body, Encoding.UTF8, "application/json") };
        using var response = await agent.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        var text = await response.Content.ReadAsStringAsync();
        Assert.True(response.IsSuccessStatusCode, $"{(int)response.StatusCode}: {text}");
        using var json = JsonDocument.Parse(text);
        var usage = json.RootElement.GetProperty("usage");
        return (json.RootElement.GetProperty("choices")[0].GetProperty("message").GetProperty("content").GetString()!,
            usage.GetProperty("prompt_tokens").GetInt32(), usage.GetProperty("prompt_tokens_details").GetProperty("cached_tokens").GetInt32());
    }
}
