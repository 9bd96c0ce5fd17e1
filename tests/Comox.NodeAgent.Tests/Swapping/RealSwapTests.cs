using System.Net;
using System.Net.Http.Json;
using System.Runtime.InteropServices;
using System.Text;
using Comox.NodeAgent.Engines;
using Comox.NodeAgent.ModelCache;
using Comox.ServiceDefaults.Contracts.Nodes;
using Comox.ServiceDefaults.Contracts.OpenAI;
using Comox.TestKit;
using Microsoft.Extensions.DependencyInjection;

namespace Comox.NodeAgent.Tests.Swapping;

/// <summary>Two models on the real llama-server, and memory for one of them.</summary>
[System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
public sealed class RealSwapTests
{
    private static readonly string BuiltIn = Path.Combine(AppContext.BaseDirectory, "nodeagent", BuiltInModel.FileName);

    public RealSwapTests() => Assert.SkipWhen(TestEngine.Path is null, TestEngine.SkipReason);

    [Fact]
    public async Task A_model_that_is_not_there_is_loaded_for_the_request_and_the_other_gives_way()
    {
        await using var agent = await StartAsync();
        await UnloadedAsync(agent, "ada");
        await UnloadedAsync(agent, "brine");

        await AskAsync(agent, "ada");
        Assert.Equal(EngineStates.Ready, Status(agent, "ada").State);
        Assert.Equal(EngineStates.Unloaded, Status(agent, "brine").State);

        await AskAsync(agent, "brine");
        Assert.Equal(EngineStates.Ready, Status(agent, "brine").State);
        Assert.Equal(EngineStates.Unloaded, Status(agent, "ada").State);
        Assert.Null(Status(agent, "ada").ProcessId);

        await AskAsync(agent, "ada");
        Assert.Equal(EngineStates.Ready, Status(agent, "ada").State);
        Assert.InRange((await agent.UntilAsync("brine", engine => engine.EtaSeconds is not null)).EtaSeconds!.Value, 0.05, 30);
    }

    [Fact]
    public async Task A_model_for_which_there_is_no_room_beside_a_pinned_one_is_refused_and_not_waited_for()
    {
        await using var agent = await StartAsync(new() { ["Comox:NodeAgent:Models:0:Pinned"] = "true" });
        await agent.UntilAsync("ada", engine => engine.State == EngineStates.Ready);
        await UnloadedAsync(agent, "brine");
        using var answer = await SendAsync(agent, "brine", stream: false).WaitAsync(TimeSpan.FromMinutes(1), TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.StatusCode);
        Assert.Contains("beside the models that always stay (ada:", await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task A_stream_that_runs_is_finished_before_its_model_goes_and_whoever_waits_is_told_its_place()
    {
        await using var agent = await StartAsync();
        await UnloadedAsync(agent, "brine");
        await AskAsync(agent, "ada");
        await Eventually.IsTrueAsync(() => agent.Services.GetRequiredService<EngineRegistry>().Find("ada")!.Traffic.InFlight == 0, "the first request has left");
        // The model writes faster than anybody can look; held up, it writes for as long as the test needs.
        var process = Status(agent, "ada").ProcessId!.Value;
        Assert.Equal(0, Kill(process, Stop));
        var stream = SendAsync(agent, "ada", stream: true);
        await Eventually.IsTrueAsync(() => agent.Services.GetRequiredService<EngineRegistry>().Find("ada")!.Traffic.InFlight == 1, "the engine has the request");
        var other = AskAsync(agent, "brine");
        var waiting = await agent.UntilAsync("brine", engine => engine.Waiting == 1);
        Assert.Equal(1, waiting.Place);
        var draining = await agent.UntilAsync("ada", engine => engine.State == EngineStates.Draining);
        Assert.Contains("finishes 1 request first", draining.Reason);
        Assert.Equal(0, Kill(process, Continue));
        using var answer = await stream;
        Assert.Contains("[DONE]", await answer.Content.ReadAsStringAsync());
        await other;
        Assert.Equal(EngineStates.Unloaded, Status(agent, "ada").State);
        Assert.Equal(0, (await agent.UntilAsync("brine", engine => engine.Waiting == 0)).Waiting);
    }

    [Fact]
    public async Task Requests_that_have_left_are_not_in_flight_any_more_while_another_goes_on()
    {
        await using var agent = await StartAsync();
        await AskAsync(agent, "ada");
        // Held up, it writes for as long as the test needs.
        var process = Status(agent, "ada").ProcessId!.Value;
        Assert.Equal(0, Kill(process, Stop));
        var goesOn = SendAsync(agent, "ada", stream: true);
        CancellationTokenSource[] leaves = [new(), new()];
        Task<HttpResponseMessage>[] leaving = [.. leaves.Select(leave => SendAsync(agent, "ada", stream: true, leave.Token))];
        // That it is held is news, too; after that nothing but their leaving has anybody look again. One after the other: the first may be told with that news.
        await agent.UntilAsync("ada", engine => engine is { InFlight: 3, Health: Healths.Ejected });
        await leaves[0].CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => leaving[0]);
        await agent.UntilAsync("ada", engine => engine.InFlight == 2);
        await leaves[1].CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => leaving[1]);
        await agent.UntilAsync("ada", engine => engine.InFlight == 1);
        Assert.Equal(0, Kill(process, Continue));
        using var answer = await goesOn;
        Assert.Contains("[DONE]", await answer.Content.ReadAsStringAsync());
        Array.ForEach(leaves, leave => leave.Dispose());
    }

    [Fact]
    public async Task Many_who_ask_for_both_at_once_are_all_served()
    {
        await using var agent = await StartAsync();
        await Task.WhenAll(Enumerable.Range(0, 12).Select(number => AskAsync(agent, number % 2 == 0 ? "ada" : "brine")));
        Assert.Equal(0, agent.Services.GetRequiredService<EngineRegistry>().All.Sum(engine => engine.Traffic.InFlight));
    }

    [Fact]
    public async Task A_client_that_leaves_while_it_waits_is_not_loaded_for()
    {
        // Nothing may give way, so whoever asks second waits.
        await using var agent = await StartAsync(new() { ["Comox:NodeAgent:Swapping:MinResidency"] = "00:30:00", ["Comox:NodeAgent:Swapping:MinResidencyLoads"] = "1000", ["Comox:NodeAgent:Swapping:MaxWait"] = "00:30:00" });
        await UnloadedAsync(agent, "brine");
        await AskAsync(agent, "ada");
        using var leaves = new CancellationTokenSource();
        var other = SendAsync(agent, "brine", stream: false, leaves.Token);
        await agent.UntilAsync("brine", engine => engine.Waiting == 1);
        await leaves.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => other);
        await agent.UntilAsync("brine", engine => engine is { Waiting: 0, State: EngineStates.Unloaded });
        await AskAsync(agent, "ada");
    }

    [Fact]
    public async Task One_that_dies_again_and_again_does_not_keep_another_from_being_loaded()
    {
        await using var agent = await StartAsync(new() { ["Comox:NodeAgent:Swapping:MemoryBytes"] = "1000000000" });
        await UnloadedAsync(agent, "brine");
        await AskAsync(agent, "ada");
        for (var death = 0; death < 4; death++)
        {
            var alive = await agent.UntilAsync("ada", engine => engine is { State: EngineStates.Ready, ProcessId: not null });
            Assert.Equal(0, Kill(alive.ProcessId!.Value, 9));
            await agent.UntilAsync("ada", engine => engine.State == EngineStates.Restarting);
        }

        // It backs off for four seconds now.
        await AskAsync(agent, "brine");
        Assert.Equal(EngineStates.Restarting, Status(agent, "ada").State);
        await AskAsync(agent, "ada", waits: EngineStates.Ready);
    }

    [Fact]
    public async Task Who_looks_how_a_model_is_doing_does_not_have_it_loaded()
    {
        await using var agent = await StartAsync();
        await UnloadedAsync(agent, "ada");
        using (var slots = await agent.Http.GetAsync("node/engines/ada/proxy/slots"))
            Assert.Equal(HttpStatusCode.ServiceUnavailable, slots.StatusCode);
        await AskAsync(agent, "ada");
        using (var slots = await agent.Http.GetAsync("node/engines/ada/proxy/slots"))
            Assert.Equal(HttpStatusCode.OK, slots.StatusCode);
        Assert.Equal(EngineStates.Ready, Status(agent, "ada").State);
    }

    [Fact]
    public async Task A_model_that_can_never_fit_is_refused_with_the_figures_and_the_setting()
    {
        await using var agent = await StartAsync(new() { ["Comox:NodeAgent:Swapping:MemoryBytes"] = "20000000" });
        await UnloadedAsync(agent, "ada");
        using var response = await SendAsync(agent, "ada", stream: false);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, response.StatusCode);
        var error = (await response.Content.ReadFromJsonAsync(OpenAIJson.Default.ApiErrorBody))!.Error;
        Assert.Equal(ErrorCodes.EngineUnavailable, error.Code);
        Assert.Contains("engines have 19 MiB on this node", error.Message);
        Assert.Contains("Comox:NodeAgent:Swapping:MemoryBytes", error.Message);
    }

    [Fact]
    public async Task One_whose_file_is_cut_short_says_so_and_the_other_goes_on()
    {
        await using var agent = await StartAsync(cutShort: "brine");
        using (var response = await SendAsync(agent, "brine", stream: false))
            Assert.Equal(HttpStatusCode.ServiceUnavailable, response.StatusCode);
        var failed = await agent.UntilAsync("brine", engine => engine.State == EngineStates.Failed);
        Assert.Contains("cut short", failed.Reason);
        await AskAsync(agent, "ada");
        using var health = await agent.Http.GetAsync("/health");
        Assert.Equal(HttpStatusCode.OK, health.StatusCode);
    }

    private const int Stop = 19;
    private const int Continue = 18;

    [DllImport("libc", EntryPoint = "kill")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Kill(int process, int signal);

    internal static async Task<RunningAgent> StartAsync(Dictionary<string, string?>? settings = null, string? cutShort = null)
    {
        var home = Directory.CreateTempSubdirectory("comox-swap-").FullName;
        var models = Directory.CreateDirectory(Path.Combine(home, "files")).FullName;
        var all = new Dictionary<string, string?>
        {
            ["Comox:NodeAgent:Swapping:MemoryBytes"] = "130000000",
            ["Comox:NodeAgent:Swapping:MinResidency"] = "00:00:00",
            ["Comox:NodeAgent:Probing:Restart"] = "false", // One test holds an engine by a signal.
        };
        foreach (var (name, at) in new[] { ("ada", 0), ("brine", 1) })
        {
            var file = Path.Combine(models, $"{name}.gguf");
            File.Copy(BuiltIn, file);
            if (name == cutShort)
            {
                using var stream = File.OpenWrite(file);
                stream.SetLength(stream.Length / 100);
            }

            all[$"Comox:NodeAgent:Models:{at}:Model"] = file;
            all[$"Comox:NodeAgent:Models:{at}:Name"] = name;
        }

        foreach (var (key, value) in settings ?? [])
            all[key] = value;
        return await RunningAgent.StartAsync(all, home: home);
    }

    internal static Task<EngineStatus> UnloadedAsync(RunningAgent agent, string id) => agent.UntilAsync(id, engine => engine.State == EngineStates.Unloaded);

    internal static EngineStatus Status(RunningAgent agent, string id) => agent.Services.GetRequiredService<EngineRegistry>().Find(id)!.Status;

    internal static async Task AskAsync(RunningAgent agent, string id, string? waits = null)
    {
        // Until the model is chosen nobody can wait for it; that takes a moment at the start.
        await agent.UntilAsync(id, engine => waits is null ? engine.State is not (EngineStates.Provisioning or EngineStates.Fetching) : engine.State == waits);
        using var response = await SendAsync(agent, id, stream: false);
        Assert.True(response.IsSuccessStatusCode, $"{(int)response.StatusCode}: {await response.Content.ReadAsStringAsync()}");
        Assert.Contains("assistant", await response.Content.ReadAsStringAsync());
    }

    private static async Task<HttpResponseMessage> SendAsync(RunningAgent agent, string id, bool stream, CancellationToken cancellation = default)
    {
        var body = $$"""{"model":"{{id}}","stream":{{(stream ? "true" : "false")}},"max_tokens":{{(stream ? 200 : 4)}},"ignore_eos":{{(stream ? "true" : "false")}},"messages":[{"role":"user","content":"Hello!"}]}""";
        using var request = new HttpRequestMessage(HttpMethod.Post, $"node/engines/{id}/proxy/v1/chat/completions") { Content = new StringContent(body, Encoding.UTF8, "application/json") };
        return await agent.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellation);
    }
}
