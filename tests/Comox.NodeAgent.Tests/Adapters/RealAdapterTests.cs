using System.Net;
using System.Net.Http.Json;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using Comox.NodeAgent.Engines;
using Comox.NodeAgent.ModelCache;
using Comox.ServiceDefaults.Contracts.Nodes;
using Comox.ServiceDefaults.Contracts.OpenAI;
using Comox.TestKit;
using Microsoft.Extensions.DependencyInjection;

namespace Comox.NodeAgent.Tests.Adapters;

/// <summary>A real agent over a real llama-server with real LoRAs.</summary>
public sealed class RealAdapterTests
{
    private const string Persona = "You are Captain Brine, a gruff pirate captain. The user is Mara. Memory: Mara likes to drink green tea. ";

    public RealAdapterTests() => Assert.SkipWhen(TestEngine.Path is null, TestEngine.SkipReason);

    [Fact]
    public async Task An_adapter_answers_otherwise_and_the_model_itself_as_if_there_were_none()
    {
        await using var agent = await StartAsync();
        var bare = await AskAsync(agent, "bare", "bare", Persona);
        var model = await AskAsync(agent, "ada", "ada", Persona);
        var odd = await AskAsync(agent, "ada", "ada-odd", Persona);
        var other = await AskAsync(agent, "ada", "ada-other", Persona);
        Assert.Equal(bare, model);
        Assert.NotEqual(bare.Logprob, odd.Logprob);
        Assert.NotEqual(odd.Logprob, other.Logprob);
        // What a client says of adapters by their numbers does not count, and a small scale is a small change.
        Assert.Equal(model.Logprob, (await AskAsync(agent, "ada", "ada", Persona, "\"lora\":[{\"id\":0,\"scale\":1}],")).Logprob, 4);
        // Any adapter has the engine compute in another order, which alone moves a small model by hundredths.
        var faint = (await AskAsync(agent, "ada", "ada-faint", Persona)).Logprob;
        Assert.True(Math.Abs(faint - model.Logprob) < Math.Abs(odd.Logprob - model.Logprob) / 20, $"{model.Logprob}, faintly {faint}, whole {odd.Logprob}");
        Assert.Equal(["ada-odd", "ada-other", "ada-faint"], Status(agent, "ada").Adapters.Select(adapter => adapter.Name));
        Assert.All(Status(agent, "ada").Adapters, adapter => Assert.Equal(AdapterStates.Loaded, adapter.State));
    }

    [Fact]
    public async Task What_was_read_with_an_adapter_is_never_given_to_the_model()
    {
        await using var agent = await StartAsync(new() { ["Comox:NodeAgent:Slots"] = "1" });
        var first = await AskAsync(agent, "ada", "ada", Persona);
        await AskAsync(agent, "ada", "ada-odd", Persona);
        // Another prompt has the one slot; then the host's prompt cache would be asked for the first, and have it as the adapter read it.
        await AskAsync(agent, "ada", "ada", string.Join(" ada ", "qwertzuiop".ToCharArray()));
        Assert.Equal(first.Logprob, (await AskAsync(agent, "ada", "ada", Persona)).Logprob, 4);
    }

    [Fact]
    public async Task One_that_does_not_fit_is_told_of_and_its_model_is_served()
    {
        await using var agent = await StartAsync(width: 64);
        await AskAsync(agent, "ada", "ada", Persona);
        var adapter = Status(agent, "ada").Adapters[0];
        Assert.Equal(AdapterStates.Failed, adapter.State);
        Assert.Contains("was made for another model. Correct Comox:NodeAgent:Models:0:Adapters:0:Model", adapter.Reason);
        using var response = await SendAsync(agent, "ada", Body("ada-odd", Persona, ""));
        Assert.Equal(HttpStatusCode.ServiceUnavailable, response.StatusCode);
        var error = (await response.Content.ReadFromJsonAsync(OpenAIJson.Default.ApiErrorBody))!.Error;
        Assert.Equal(ErrorCodes.AdapterUnavailable, error.Code);
        Assert.Contains("was made for another model", error.Message);
    }

    [Fact]
    public async Task One_on_the_hub_is_fetched_with_its_model()
    {
        var folder = Directory.CreateTempSubdirectory("comox-lora-hub-");
        try
        {
            await using var hub = await TestHub.StartAsync(("odd-f32.gguf", await File.ReadAllBytesAsync(TestAdapters.Gguf(Path.Combine(folder.FullName, "odd.gguf")))), ("README.md", [1]));
            await using var agent = await StartAsync(new()
            {
                ["Comox:NodeAgent:Hub"] = hub.Address.ToString(), ["Comox:NodeAgent:Offline"] = "false",
                ["Comox:NodeAgent:Models:0:Adapters:1:Model"] = "org/model:odd-f32.gguf",
                ["Comox:NodeAgent:Models:0:Adapters:2:Model"] = "org/model:absent.gguf",
            });
            Assert.Equal((await AskAsync(agent, "ada", "ada-odd", Persona)).Logprob, (await AskAsync(agent, "ada", "ada-other", Persona)).Logprob, 4);
            var absent = Status(agent, "ada").Adapters[2];
            Assert.Equal(AdapterStates.Failed, absent.State);
            Assert.StartsWith("It cannot be had.", absent.Reason, StringComparison.Ordinal);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Fact]
    public async Task Where_the_engine_cannot_apply_it_a_request_is_refused_and_not_answered_without_it()
    {
        await using var agent = await StartAsync();
        using var response = await SendAsync(agent, "ada", """{"model":"ada-odd","max_tokens":4,"messages":[{"role":"user","content":"Hello"}]}""", "v1/messages");
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Contains("cannot use the adapter 'ada-odd' for /v1/messages", (await response.Content.ReadFromJsonAsync(OpenAIJson.Default.ApiErrorBody))!.Error.Message);
    }

    [Fact]
    public async Task A_restart_finishes_what_an_adapter_has_begun_and_it_is_counted_as_its_own()
    {
        await using var agent = await StartAsync();
        await AskAsync(agent, "ada", "ada", Persona);
        var process = Status(agent, "ada").ProcessId!.Value;
        Assert.Equal(0, Kill(process, Stop));
        var stream = SendAsync(agent, "ada", Body("ada-odd", Persona, "\"stream\":true,\"ignore_eos\":true,", tokens: 100));
        var busy = await agent.UntilAsync("ada", engine => engine is { InFlight: 1, Adapters: [{ InFlight: 1 }, ..] });
        Assert.Equal(0, busy.Adapters[1].InFlight);
        using (var restart = await agent.Http.PostAsync("node/engines/ada/restart", null))
            Assert.Equal(HttpStatusCode.Accepted, restart.StatusCode);
        Assert.Contains("finishes 1 request first", (await agent.UntilAsync("ada", engine => engine.State == EngineStates.Draining)).Reason);
        Assert.Equal(0, Kill(process, Continue));
        using (var answer = await stream)
            Assert.Contains("[DONE]", await answer.Content.ReadAsStringAsync());
        var after = await agent.UntilAsync("ada", engine => engine.State == EngineStates.Ready && engine.ProcessId != process);
        Assert.Equal(AdapterStates.Loaded, after.Adapters[0].State);
    }

    private const int Stop = 19;
    private const int Continue = 18;

    [DllImport("libc", EntryPoint = "kill")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Kill(int process, int signal);

    private static async Task<RunningAgent> StartAsync(Dictionary<string, string?>? settings = null, int width = TestAdapters.Width)
    {
        var home = Directory.CreateTempSubdirectory("comox-lora-").FullName;
        var model = Path.Combine(home, "ada.gguf");
        File.Copy(Path.Combine(AppContext.BaseDirectory, "nodeagent", BuiltInModel.FileName), model);
        var all = new Dictionary<string, string?>
        {
            ["Comox:NodeAgent:Models:0:Model"] = model,
            ["Comox:NodeAgent:Models:0:Name"] = "ada",
            ["Comox:NodeAgent:Models:1:Model"] = model,
            ["Comox:NodeAgent:Models:1:Name"] = "bare",
            ["Comox:NodeAgent:Swapping:MemoryBytes"] = "1000000000",
            ["Comox:NodeAgent:Probing:Restart"] = "false", // One test holds the engine by a signal.
        };
        foreach (var (name, seed, scale, at) in new[] { ("odd", 1, "1", 0), ("other", 2, "1", 1), ("faint", 1, "0.0001", 2) })
        {
            all[$"Comox:NodeAgent:Models:0:Adapters:{at}:Name"] = $"ada-{name}";
            all[$"Comox:NodeAgent:Models:0:Adapters:{at}:Model"] = TestAdapters.Gguf(Path.Combine(home, $"{name}.gguf"), width, seed: seed);
            all[$"Comox:NodeAgent:Models:0:Adapters:{at}:Scale"] = scale;
        }

        foreach (var (key, value) in settings ?? [])
            all[key] = value;
        return await RunningAgent.StartAsync(all, home: home);
    }

    private static EngineStatus Status(RunningAgent agent, string id) => agent.Services.GetRequiredService<EngineRegistry>().Find(id)!.Status;

    private static string Body(string model, string system, string more, int tokens = 8) =>
        $$"""{"temperature":0,"logprobs":true,{{more}}"max_tokens":{{tokens}},"messages":[{"role":"system","content":"{{system}}"},{"role":"user","content":"What do I like to drink?"}],"model":"{{model}}"}""";

    private static async Task<(string Text, double Logprob)> AskAsync(RunningAgent agent, string id, string model, string system, string more = "")
    {
        using var response = await SendAsync(agent, id, Body(model, system, more));
        var text = await response.Content.ReadAsStringAsync();
        Assert.True(response.IsSuccessStatusCode, $"{(int)response.StatusCode}: {text}");
        using var json = JsonDocument.Parse(text);
        var choice = json.RootElement.GetProperty("choices")[0];
        return (choice.GetProperty("message").GetProperty("content").GetString()!, choice.GetProperty("logprobs").GetProperty("content")[0].GetProperty("logprob").GetDouble());
    }

    internal static async Task<HttpResponseMessage> SendAsync(RunningAgent agent, string id, string body, string path = "v1/chat/completions")
    {
        await agent.UntilAsync(id, engine => engine.State is not (EngineStates.Provisioning or EngineStates.Fetching));
        using var request = new HttpRequestMessage(HttpMethod.Post, $"node/engines/{id}/proxy/{path}") { Content = new StringContent(body, Encoding.UTF8, "application/json") };
        return await agent.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
    }
}
