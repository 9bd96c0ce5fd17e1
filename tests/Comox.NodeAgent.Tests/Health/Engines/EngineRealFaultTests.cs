using System.Diagnostics;
using System.Net;
using System.Runtime.InteropServices;
using System.Text;
using Comox.ServiceDefaults.Contracts.Nodes;
using Comox.TestKit;

namespace Comox.NodeAgent.Tests.Health.Engines;

/// <summary>What is done to a real llama-server, how soon it is seen, in which words, and that it answers again.</summary>
[System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
public sealed class EngineRealFaultTests
{
    private const int Stop = 19;

    public EngineRealFaultTests() => Assert.SkipWhen(TestEngine.Path is null, TestEngine.SkipReason);

    [Fact]
    public async Task An_engine_that_is_frozen_while_idle_is_seen_within_a_second_killed_and_trusted_again_after_it_proved_itself()
    {
        await using var agent = await RunningAgent.StartAsync();
        var before = await agent.UntilAsync(engine => engine is { State: EngineStates.Ready, Health: Healths.Ok });

        var ejected = agent.UntilAsync(engine => engine.Health == Healths.Ejected);
        var since = Stopwatch.GetTimestamp();
        Assert.Equal(0, Kill(before.ProcessId!.Value, Stop));
        var seen = await ejected;
        var took = Stopwatch.GetElapsedTime(since);

        Assert.InRange(took.TotalSeconds, 0, 1);
        Assert.Contains("Its process is held: a signal (SIGSTOP) or a debugger", seen.HealthReasons[0]);
        Assert.Contains("killed and started again by itself", seen.HealthReasons[0]);
        Assert.Contains("was held by a signal or a debugger. Starting again in", (await agent.UntilAsync(engine => engine is { State: EngineStates.Restarting, Restarts: 1 })).Reason);

        var proving = await agent.UntilAsync(engine => engine.State == EngineStates.Ready && engine.ProcessId != before.ProcessId);
        Assert.Equal(Healths.Ejected, proving.Health);
        var after = await agent.UntilAsync(engine => engine is { State: EngineStates.Ready, Health: Healths.Ok });
        Assert.Empty(after.HealthReasons);
        Assert.Equal(1, after.Restarts);
    }

    [Fact]
    public async Task An_engine_that_is_frozen_in_the_middle_of_an_answer_is_seen_within_a_second_and_the_answer_is_cut()
    {
        await using var agent = await RunningAgent.StartAsync();
        var before = await agent.UntilAsync(EngineStates.Ready);
        using var response = await LongAsync(agent);
        await using var body = await response.Content.ReadAsStreamAsync();
        Assert.True(await body.ReadAsync(new byte[1000]) > 0);

        var ejected = agent.UntilAsync(engine => engine.Health == Healths.Ejected);
        var since = Stopwatch.GetTimestamp();
        Assert.Equal(0, Kill(before.ProcessId!.Value, Stop));
        await ejected;
        Assert.InRange(Stopwatch.GetElapsedTime(since).TotalSeconds, 0, 1);

        // Whoever reads is to hear of it at once, by a broken connection and not by an end that looks whole.
        await CutAsync(body);
        Assert.InRange(Stopwatch.GetElapsedTime(since).TotalSeconds, 0, 2);
        await agent.UntilAsync(engine => engine is { State: EngineStates.Ready, Health: Healths.Ok });
        using var again = await AskAsync(agent);
        Assert.Equal(HttpStatusCode.OK, again.StatusCode);
    }

    [Fact]
    public async Task An_engine_that_freezes_without_being_held_is_found_by_its_silence()
    {
        await using var agent = await RunningAgent.StartAsync();
        var before = await agent.UntilAsync(EngineStates.Ready);
        using var freezer = Freezer.Make();
        freezer.Take(before.ProcessId!.Value);
        using var response = await LongAsync(agent);
        await using var body = await response.Content.ReadAsStreamAsync();
        Assert.True(await body.ReadAsync(new byte[1000]) > 0);

        var ejected = agent.UntilAsync(engine => engine.Health == Healths.Ejected);
        var since = Stopwatch.GetTimestamp();
        freezer.Freeze();
        var seen = await ejected;
        var took = Stopwatch.GetElapsedTime(since);
        Assert.Contains("It is frozen: it answers no question and uses no processor time", seen.HealthReasons[0]);
        Assert.InRange(took.TotalSeconds, 0, 1.25);
        TestContext.Current.SendDiagnosticMessage("Frozen mid-answer, seen after {0:0.00} s", took.TotalSeconds);

        // Killed it is, and yet it stays until it thaws: so does a process that hangs in a driver. Whoever reads is let go of all the same.
        Assert.Contains("It is being killed", (await agent.UntilAsync(EngineStates.Restarting)).Reason);
        await CutAsync(body);
        Assert.InRange(Stopwatch.GetElapsedTime(since).TotalSeconds, 0, 2.5);
        freezer.Thaw();
        await agent.UntilAsync(engine => engine is { State: EngineStates.Ready, Health: Healths.Ok });
    }

    [Fact]
    public async Task An_engine_that_says_it_is_well_and_writes_nothing_is_found_and_killed()
    {
        await using var liar = new LyingEngine { Slots = """[{"id":0,"is_processing":true,"id_task":1,"n_prompt_tokens":20,"n_prompt_tokens_processed":20,"next_token":[{"n_decoded":3}]}]""" };
        await using var agent = await RunningAgent.StartAsync(new() { ["Comox:NodeAgent:EnginePath"] = liar.Path });
        var before = await agent.UntilAsync(EngineStates.Ready);
        var since = Stopwatch.GetTimestamp();
        var asked = LongAsync(agent);
        var seen = await agent.UntilAsync(engine => engine.Health == Healths.Ejected);
        Assert.InRange(Stopwatch.GetElapsedTime(since).TotalSeconds, 1.5, 4);
        Assert.Contains("writes nothing, whatever it says of itself under /health", seen.HealthReasons[0]);
        Assert.Contains("It had requests and wrote nothing", (await agent.UntilAsync(EngineStates.Restarting)).Reason);
        using (var well = await agent.Http.GetAsync(new Uri(agent.Http.BaseAddress!, "/alive")))
            Assert.Equal(HttpStatusCode.OK, well.StatusCode);
        await agent.UntilAsync(engine => engine is { State: EngineStates.Ready, Health: Healths.Ok } && engine.ProcessId != before.ProcessId);
        Assert.Equal(2, liar.Starts);
        using var response = await asked;
        await CutAsync(await response.Content.ReadAsStreamAsync());
    }

    [Fact]
    public async Task An_engine_that_answers_nothing_but_health_is_found_though_nobody_asks_it_anything()
    {
        await using var liar = new LyingEngine();
        await using var agent = await RunningAgent.StartAsync(new() { ["Comox:NodeAgent:EnginePath"] = liar.Path });
        var seen = await agent.UntilAsync(engine => engine.Health == Healths.Ejected);
        Assert.Contains("It is frozen", seen.HealthReasons[0]);
        await agent.UntilAsync(engine => engine is { State: EngineStates.Ready, Health: Healths.Ok });
    }

    [Fact]
    public async Task An_engine_that_never_proves_itself_stays_ejected_and_in_the_end_is_left_alone()
    {
        await using var liar = new LyingEngine { IsHonest = _ => false };
        await using var agent = await RunningAgent.StartAsync(new() { ["Comox:NodeAgent:EnginePath"] = liar.Path }, new HurriedTime(4));
        var failed = await agent.UntilAsync(EngineStates.Failed);
        Assert.Equal(Healths.Ejected, failed.Health);
        Assert.Contains("It died 5 times in a row", failed.Reason);
        Assert.Equal(5, liar.Starts);
    }

    private static Task CutAsync(Stream body) => Assert.ThrowsAnyAsync<Exception>(async () =>
    {
        while (await body.ReadAsync(new byte[100_000]) > 0)
        {
        }
    });

    internal static Task<HttpResponseMessage> LongAsync(RunningAgent agent) =>
        SendAsync(agent, """{"model":"keepsake","stream":true,"max_tokens":100000,"ignore_eos":true,"messages":[{"role":"user","content":"Tell me a story."}]}""");

    internal static Task<HttpResponseMessage> AskAsync(RunningAgent agent) =>
        SendAsync(agent, """{"model":"keepsake","stream":false,"max_tokens":8,"messages":[{"role":"user","content":"Hello!"}]}""");

    private static async Task<HttpResponseMessage> SendAsync(RunningAgent agent, string body)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "node/engines/chat/proxy/v1/chat/completions") { Content = new StringContent(body, Encoding.UTF8, "application/json") };
        return await agent.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
    }

    [DllImport("libc", EntryPoint = "kill")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    internal static extern int Kill(int process, int signal);
}
