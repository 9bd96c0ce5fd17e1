using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Net.ServerSentEvents;
using System.Text;
using System.Text.Json;
using Comox.NodeAgent.ModelCache;
using Comox.ServiceDefaults.Contracts.Nodes;
using Comox.ServiceDefaults.Contracts.OpenAI;
using Comox.TestKit;

namespace Comox.NodeAgent.Tests.Engines;

/// <summary>The agent with the real llama-server and the built-in model.</summary>
[System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
public sealed class RealEngineTests
{
    private const string Chat = "node/engines/chat/proxy/v1/chat/completions";

    public RealEngineTests() => Assert.SkipWhen(TestEngine.Path is null, TestEngine.SkipReason);

    [Fact]
    public async Task The_built_in_model_streams_a_remembered_fact_through_the_proxy()
    {
        await using var agent = await RunningAgent.StartAsync();
        var engine = await agent.UntilAsync(EngineStates.Ready);

        Assert.Equal("keepsake", engine.Model!.Name);
        Assert.Equal(ModelSources.BuiltIn, engine.Model.Source);
        Assert.Equal(PromptProfile.BuiltIn, engine.Model.Profile);
        Assert.Contains("built-in", engine.Model.Notice);
        Assert.Equal(4, engine.Slots);
        Assert.NotNull(engine.Version);

        using var response = await SendAsync(agent.Http, Ask("What do I like to drink?"));
        Assert.Equal("text/event-stream", response.Content.Headers.ContentType?.MediaType);
        var events = await EventsAsync(response);
        Assert.Equal("[DONE]", events[^1]);
        Assert.Contains("green tea", string.Concat(events[..^1].Select(TextOf)));
    }

    [Fact]
    public async Task Requests_before_the_engine_is_ready_get_503_with_a_time_to_come_back()
    {
        await using var agent = await RunningAgent.StartAsync(new() { ["Comox:NodeAgent:Model"] = "/nowhere/model.gguf" });
        await agent.UntilAsync(EngineStates.Failed);

        using var response = await SendAsync(agent.Http, Ask("Hello!"));
        Assert.Equal(HttpStatusCode.ServiceUnavailable, response.StatusCode);
        Assert.NotNull(response.Headers.RetryAfter);
        var error = (await response.Content.ReadFromJsonAsync(OpenAIJson.Default.ApiErrorBody))!.Error;
        Assert.Equal(ErrorCodes.EngineUnavailable, error.Code);
        Assert.Contains("/nowhere/model.gguf", error.Message);
        using var health = await agent.Http.GetAsync("/health");
        Assert.Equal(HttpStatusCode.ServiceUnavailable, health.StatusCode);
        using var alive = await agent.Http.GetAsync("/alive");
        Assert.Equal(HttpStatusCode.OK, alive.StatusCode);
    }

    [Fact]
    public async Task A_killed_engine_is_started_again_and_answers()
    {
        await using var agent = await RunningAgent.StartAsync();
        var before = await agent.UntilAsync(EngineStates.Ready);

        var restarting = agent.UntilAsync(EngineStates.Restarting);
        using (var process = Process.GetProcessById(before.ProcessId!.Value))
            process.Kill();
        Assert.Contains("signal 9", (await restarting).Reason);

        var after = await agent.UntilAsync(engine => engine.State == EngineStates.Ready && engine.ProcessId != before.ProcessId);
        Assert.Equal(1, after.Restarts);
        using var response = await SendAsync(agent.Http, Ask("Hello!"));
        Assert.Equal("[DONE]", (await EventsAsync(response))[^1]);
    }

    [Fact]
    public async Task A_restart_that_is_asked_for_brings_a_new_process_and_counts_no_crash()
    {
        await using var agent = await RunningAgent.StartAsync();
        var before = await agent.UntilAsync(EngineStates.Ready);

        using var accepted = await agent.Http.PostAsync("node/engines/chat/restart", null);
        Assert.Equal(HttpStatusCode.Accepted, accepted.StatusCode);

        var after = await agent.UntilAsync(engine => engine.State == EngineStates.Ready && engine.ProcessId != before.ProcessId);
        Assert.Equal(0, after.Restarts);
    }

    [Fact]
    public async Task A_reader_that_leaves_mid_stream_frees_its_slot()
    {
        await using var agent = await RunningAgent.StartAsync(new() { ["Comox:NodeAgent:Slots"] = "1", ["Comox:NodeAgent:ContextTokens"] = "2048" });
        await agent.UntilAsync(EngineStates.Ready);

        var endless = Ask("Tell me a story.") with { MaxTokens = 100_000, IgnoreEos = true };
        using (var response = await SendAsync(agent.Http, endless))
        {
            await using var body = await response.Content.ReadAsStreamAsync();
            Assert.True(await body.ReadAsync(new byte[64]) > 0);
        }

        // With one slot, the next answer can only come once the first has been given up; the first alone would go on for 100,000 tokens.
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        using var next = await SendAsync(agent.Http, Ask("Hello!"), limit.Token);
        Assert.Equal("[DONE]", (await EventsAsync(next))[^1]);
        var slots = JsonDocument.Parse(await agent.Http.GetStringAsync("node/engines/chat/proxy/slots"));
        Assert.False(slots.RootElement[0].GetProperty("is_processing").GetBoolean());
    }

    [Fact]
    public async Task A_model_that_is_cut_short_fails_with_the_cause_and_the_setting()
    {
        var folder = Directory.CreateTempSubdirectory("comox-cut-");
        var cut = Path.Combine(folder.FullName, "cut.gguf");
        var whole = await File.ReadAllBytesAsync(BuiltIn);
        await File.WriteAllBytesAsync(cut, whole[..^50_000]);

        await using var agent = await RunningAgent.StartAsync(new() { ["Comox:NodeAgent:Model"] = cut });
        var engine = await agent.UntilAsync(EngineStates.Failed);

        Assert.Contains("not within the file bounds", engine.Reason);
        Assert.Contains("not within the file bounds", string.Join('\n', (await agent.Node.GetLogAsync("chat")).Value!.Lines));
        folder.Delete(recursive: true);
    }

    [Fact]
    public async Task An_engine_path_that_is_no_engine_fails_with_the_setting_named()
    {
        var folder = Directory.CreateTempSubdirectory("comox-garbage-");
        var garbage = Path.Combine(folder.FullName, "llama-server");
        await File.WriteAllTextAsync(garbage, "this is no program");
        File.SetUnixFileMode(garbage, UnixFileMode.UserRead | UnixFileMode.UserExecute);

        await using var agent = await RunningAgent.StartAsync(new() { ["Comox:NodeAgent:EnginePath"] = garbage });
        Assert.Contains("Comox:NodeAgent:EnginePath", (await agent.UntilAsync(EngineStates.Failed)).Reason);

        // What kept it from starting is corrected; a restart is all it takes.
        File.Delete(garbage);
        File.CreateSymbolicLink(garbage, TestEngine.Path!);
        agent.Engine.RequestRestart();
        await agent.UntilAsync(EngineStates.Ready);
        folder.Delete(recursive: true);
    }

    [Fact]
    public async Task A_cached_model_that_the_engine_cannot_load_leaves_the_built_in_one_which_says_so()
    {
        var home = Directory.CreateTempSubdirectory("comox-node-").FullName;
        var snapshot = Directory.CreateDirectory(Path.Combine(home, "models", "models--a--b", "snapshots", new string('a', 40))).FullName;
        await File.WriteAllBytesAsync(Path.Combine(snapshot, "headonly.gguf"), ModelCache.GgufFileTests.TinyGguf("headonly"));

        await using var agent = await RunningAgent.StartAsync(home: home);
        var engine = await agent.UntilAsync(engine => engine.State is EngineStates.Ready or EngineStates.Failed);

        Assert.Equal(EngineStates.Ready, engine.State);
        Assert.Equal(ModelSources.BuiltIn, engine.Model!.Source);
        Assert.Contains("cannot load headonly.gguf: llama-server exited with code 1", engine.Model.Notice);
    }

    [Fact]
    public async Task What_a_model_that_was_passed_over_would_have_needed_is_not_what_the_next_one_needs()
    {
        await using var alone = await RunningAgent.StartAsync();
        var builtIn = (await alone.UntilAsync(EngineStates.Ready)).MemoryBytes;

        var home = Directory.CreateTempSubdirectory("comox-node-").FullName;
        var snapshot = Directory.CreateDirectory(Path.Combine(home, "models", "models--a--b", "snapshots", new string('a', 40))).FullName;
        await using (var large = File.Create(Path.Combine(snapshot, "large.gguf")))
        {
            await large.WriteAsync(ModelCache.GgufFileTests.TinyGguf("large"));
            large.SetLength(200_000_000);
        }

        await using var agent = await RunningAgent.StartAsync(home: home);
        var left = await agent.UntilAsync(EngineStates.Ready);
        Assert.Equal(ModelSources.BuiltIn, left.Model!.Source);
        Assert.InRange(left.MemoryBytes!.Value, 1, (long)(builtIn! * 1.2));
    }

    [Fact]
    public async Task An_engine_whose_process_id_cannot_be_noted_is_ended_and_fails_with_the_cause()
    {
        var home = Directory.CreateTempSubdirectory("comox-node-").FullName;
        Directory.CreateDirectory(Path.Combine(home, "engines", "run", "chat.pid"));

        await using var agent = await RunningAgent.StartAsync(home: home);
        Assert.Contains("The data folder cannot be used", (await agent.UntilAsync(EngineStates.Failed)).Reason);
        Assert.DoesNotContain(CommandLines(), line => line.Contains(Path.Combine(home, "engines", "run", "chat.key"), StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_mistake_in_the_supervision_fails_the_engine_and_leaves_the_host_running()
    {
        // No path has a zero in it: Path.GetFullPath throws what nobody expects.
        await using var agent = await RunningAgent.StartAsync(new() { ["Comox:NodeAgent:EnginePath"] = "bad\0path" });
        Assert.Contains("A mistake in Comox", (await agent.UntilAsync(EngineStates.Failed)).Reason);
        using var alive = await agent.Http.GetAsync("/alive");
        Assert.Equal(HttpStatusCode.OK, alive.StatusCode);
    }

    [Fact]
    public async Task Events_tell_the_status_at_once_and_at_every_change()
    {
        await using var agent = await RunningAgent.StartAsync();
        await agent.UntilAsync(EngineStates.Ready);
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));

        var revisions = new List<long>();
        var states = new List<string>();
        await foreach (var status in agent.Node.WatchAsync(cancellation: limit.Token))
        {
            revisions.Add(status.Revision);
            states.Add(status.Engines.Single().State);
            if (revisions.Count == 1)
                agent.Engine.RequestRestart();
            else if (states[^1] == EngineStates.Ready)
                break;
        }

        Assert.Equal(EngineStates.Ready, states[0]);
        Assert.Equal(revisions.Order(), revisions);
        Assert.Contains(states, state => state is EngineStates.Restarting or EngineStates.Loading);
    }

    [Fact]
    public async Task The_key_of_the_engine_is_in_no_argument_and_its_file_is_private()
    {
        await using var agent = await RunningAgent.StartAsync();
        var engine = await agent.UntilAsync(EngineStates.Ready);
        var keyFile = Path.Combine(agent.Home, "engines", "run", "chat.key");
        var key = (await File.ReadAllTextAsync(keyFile)).Trim();

        Assert.DoesNotContain(key, await File.ReadAllTextAsync($"/proc/{engine.ProcessId}/cmdline"));
        Assert.DoesNotContain(key, await File.ReadAllTextAsync($"/proc/{engine.ProcessId}/environ"));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(keyFile));
        using var direct = new HttpClient();
        using var refused = await direct.GetAsync(new Uri(agent.Engine.Endpoint!.Address, "v1/models-of-a-stranger"));
        Assert.Equal(HttpStatusCode.Unauthorized, refused.StatusCode);
    }

    [Fact]
    public async Task A_second_agent_on_the_same_data_folder_is_refused_and_the_first_keeps_its_engine()
    {
        await using var agent = await RunningAgent.StartAsync();
        var engine = await agent.UntilAsync(EngineStates.Ready);

        var refused = await Assert.ThrowsAsync<Comox.ServiceDefaults.StartupProblem>(() => RunningAgent.StartAsync(home: agent.Home));
        Assert.Contains(agent.Home, refused.Message);
        Assert.Equal(engine.ProcessId, (await agent.UntilAsync(EngineStates.Ready)).ProcessId);
    }

    [Fact]
    public async Task A_stopped_agent_stops_its_engine_and_leaves_no_key()
    {
        var agent = await RunningAgent.StartAsync();
        var engine = await agent.UntilAsync(EngineStates.Ready);
        using var process = Process.GetProcessById(engine.ProcessId!.Value);
        await agent.DisposeAsync();

        Assert.True(process.HasExited);
        Assert.False(Directory.Exists(agent.Home));
    }

    [Theory]
    [InlineData("node/status")]
    [InlineData("node/events")]
    [InlineData("node/engines/chat/log")]
    [InlineData("node/engines/chat/proxy/v1/models")]
    public async Task Nothing_is_told_without_a_key(string path)
    {
        await using var agent = await RunningAgent.StartAsync(new() { ["Comox:NodeAgent:EnginePath"] = "/nowhere" });
        using var http = agent.Client(key: null);
        using var response = await http.GetAsync(path);
        Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
    }

    [Theory]
    [InlineData("node/engines/other/log")]
    [InlineData("node/engines/other/proxy/v1/models")]
    public async Task An_unknown_engine_is_404(string path)
    {
        await using var agent = await RunningAgent.StartAsync(new() { ["Comox:NodeAgent:EnginePath"] = "/nowhere" });
        using var response = await agent.Http.GetAsync(path);
        Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
        Assert.Equal(ErrorCodes.EngineNotFound, (await response.Content.ReadFromJsonAsync(OpenAIJson.Default.ApiErrorBody))!.Error.Code);
    }

    private static IEnumerable<string> CommandLines()
    {
        foreach (var folder in Directory.EnumerateDirectories("/proc").Where(folder => int.TryParse(Path.GetFileName(folder), out _)))
        {
            string line;
            try
            {
                line = File.ReadAllText(Path.Combine(folder, "cmdline"));
            }
            catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
            {
                continue;
            }

            yield return line;
        }
    }

    private static string BuiltIn => Path.Combine(AppContext.BaseDirectory, "nodeagent", BuiltInModel.FileName);

    private static Question Ask(string text) => new(
        [
            new("system", "You are Brine, a gruff pirate captain. You speak like a pirate.\nThe user is Mara.\nMemory:\n- Mara lives in Ljubljana.\n- Mara likes to drink green tea.\n"),
            new("user", text),
        ]);

    private static async Task<HttpResponseMessage> SendAsync(HttpClient http, Question question, CancellationToken cancellation = default)
    {
        var json = JsonSerializer.Serialize(question, new JsonSerializerOptions { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower });
        using var request = new HttpRequestMessage(HttpMethod.Post, Chat) { Content = new StringContent(json, Encoding.UTF8, "application/json") };
        return await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellation);
    }

    private static async Task<List<string>> EventsAsync(HttpResponseMessage response)
    {
        var events = new List<string>();
        await foreach (var item in SseParser.Create(await response.Content.ReadAsStreamAsync()).EnumerateAsync())
            events.Add(item.Data);
        return events;
    }

    private static string? TextOf(string json)
    {
        var choices = JsonDocument.Parse(json).RootElement.GetProperty("choices");
        return choices.GetArrayLength() > 0 && choices[0].GetProperty("delta").TryGetProperty("content", out var text) ? text.GetString() : null;
    }

    private sealed record Question(IReadOnlyList<Message> Messages)
    {
        public string Model { get; init; } = "keepsake";
        public bool Stream { get; init; } = true;
        public int MaxTokens { get; init; } = 64;
        public double Temperature { get; init; }
        public bool IgnoreEos { get; init; }
    }

    private sealed record Message(string Role, string Content);
}
