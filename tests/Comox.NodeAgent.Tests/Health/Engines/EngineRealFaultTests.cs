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
        Assert.Contains("was held by a signal or a debugger. Starting again in", (await agent.UntilAsync(EngineStates.Restarting)).Reason);

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
        await Assert.ThrowsAnyAsync<Exception>(async () =>
        {
            while (await body.ReadAsync(new byte[100_000]) > 0)
            {
            }
        });
        Assert.InRange(Stopwatch.GetElapsedTime(since).TotalSeconds, 0, 2);
        await agent.UntilAsync(engine => engine is { State: EngineStates.Ready, Health: Healths.Ok });
        using var again = await AskAsync(agent);
        Assert.Equal(HttpStatusCode.OK, again.StatusCode);
    }

    internal static Task<HttpResponseMessage> LongAsync(RunningAgent agent) =>
        SendAsync(agent, """{"model":"tiny-talker","stream":true,"max_tokens":100000,"ignore_eos":true,"messages":[{"role":"user","content":"Tell me a story."}]}""");

    internal static Task<HttpResponseMessage> AskAsync(RunningAgent agent) =>
        SendAsync(agent, """{"model":"tiny-talker","stream":false,"max_tokens":8,"messages":[{"role":"user","content":"Hello!"}]}""");

    private static async Task<HttpResponseMessage> SendAsync(RunningAgent agent, string body)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "node/engines/chat/proxy/v1/chat/completions") { Content = new StringContent(body, Encoding.UTF8, "application/json") };
        return await agent.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
    }

    [DllImport("libc", EntryPoint = "kill")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    internal static extern int Kill(int process, int signal);
}
