using System.Diagnostics;
using System.Runtime.Versioning;
using System.Text.RegularExpressions;
using Comox.NodeAgent.Supervision;
using Comox.ServiceDefaults.Clients;
using Comox.ServiceDefaults.Contracts.Nodes;
using Comox.TestKit;

namespace Comox.NodeAgent.Tests.Supervision;

/// <summary>An engine never outlives its agent.</summary>
[UnsupportedOSPlatform("windows")]
public sealed partial class AgentDeathTests
{
    [Fact]
    public async Task An_agent_killed_with_SIGKILL_takes_its_engine_along()
    {
        Assert.SkipWhen(TestEngine.Path is null, TestEngine.SkipReason);
        var home = Directory.CreateTempSubdirectory("comox-death-");
        using var agent = StartAgent(home.FullName);
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        var address = await ListeningAddressAsync(agent, limit.Token);
        _ = agent.StandardOutput.ReadToEndAsync(limit.Token);
        _ = agent.StandardError.ReadToEndAsync(limit.Token);

        using var http = new HttpClient { BaseAddress = address };
        http.DefaultRequestHeaders.Authorization = new("Bearer", RunningAgent.ServiceKey);
        var node = new NodeAgentClient(http, TimeProvider.System);
        var processId = 0;
        await foreach (var status in node.WatchAsync(cancellation: limit.Token))
        {
            if (status.Engines.Single() is { State: EngineStates.Ready, ProcessId: { } ready })
            {
                processId = ready;
                break;
            }
        }

        using var engine = Process.GetProcessById(processId);
        Assert.Contains("llama-server", await File.ReadAllTextAsync($"/proc/{processId}/cmdline", limit.Token));
        agent.Kill(); // Not the tree: nobody is left to clean up.
        await agent.WaitForExitAsync(limit.Token);
        await engine.WaitForExitAsync(limit.Token);

        Assert.False(IsRunning(processId));
        home.Delete(recursive: true);
    }

    [Fact]
    public async Task A_child_of_the_kernel_tether_ends_with_the_thread_that_started_it()
    {
        var tether = new ProcessTether();
        Assert.SkipUnless(tether.Kind == "pdeathsig", "setpriv is missing here");
        using var child = await tether.StartAsync(Script("echo bound; exec sleep 1000"), default);
        // setpriv has asked the kernel before it became this; a thread that ended earlier would have ended unnoticed.
        Assert.Equal("bound", await child.StandardOutput.ReadLineAsync(Limit()));
        tether.Dispose();
        await child.WaitForExitAsync(Limit());
        Assert.Equal(137, child.ExitCode);
    }

    [Fact]
    public async Task A_child_of_the_watchdog_ends_when_the_pipe_from_us_does()
    {
        using var tether = new ProcessTether();
        using var watchdog = await tether.StartAsync(Script("echo $$; exec sleep 1000"), "watchdog", default);
        var child = int.Parse((await watchdog.StandardOutput.ReadLineAsync(Limit()))!, System.Globalization.CultureInfo.InvariantCulture);
        Assert.True(IsRunning(child));

        watchdog.StandardInput.Close(); // What the kernel does to it when we die.
        await watchdog.WaitForExitAsync(Limit());
        Assert.False(IsRunning(child));
    }

    [Fact]
    public async Task The_watchdog_passes_the_exit_code_on()
    {
        using var tether = new ProcessTether();
        using var watchdog = await tether.StartAsync(Script("exit 7"), "watchdog", default);
        await watchdog.WaitForExitAsync(Limit());
        Assert.Equal(7, watchdog.ExitCode);
    }

    [Fact]
    public async Task The_watchdog_passes_SIGTERM_on_and_waits_for_the_end()
    {
        using var tether = new ProcessTether();
        using var watchdog = await tether.StartAsync(Script("trap 'echo asked; exit 3' TERM; echo up; while :; do sleep 0.05; done"), "watchdog", default);
        Assert.Equal("up", await watchdog.StandardOutput.ReadLineAsync(Limit()));
        using var kill = Process.Start("kill", ["-TERM", watchdog.Id.ToString(System.Globalization.CultureInfo.InvariantCulture)]);
        Assert.Equal("asked", await watchdog.StandardOutput.ReadLineAsync(Limit()));
        await watchdog.WaitForExitAsync(Limit());
        Assert.Equal(3, watchdog.ExitCode);
    }

    private static CancellationToken Limit() => new CancellationTokenSource(TimeSpan.FromSeconds(30)).Token;

    private static ProcessStartInfo Script(string script) => new("/bin/sh", ["-c", script]) { RedirectStandardOutput = true };

    // A zombie is dead: it only waits for somebody to ask for its exit code.
    private static bool IsRunning(int id) => File.Exists($"/proc/{id}/stat") && !File.ReadAllText($"/proc/{id}/stat").Contains(") Z ", StringComparison.Ordinal);

    private static Process StartAgent(string home)
    {
        var start = new ProcessStartInfo("dotnet", ["exec", Path.Combine(AppContext.BaseDirectory, "Comox.NodeAgent.dll"), "--urls", "http://127.0.0.1:0"])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["COMOX_HOME"] = home;
        start.Environment["Comox__ServiceKey"] = RunningAgent.ServiceKey;
        start.Environment["Comox__NodeAgent__EnginePath"] = TestEngine.Path;
        start.Environment["Comox__NodeAgent__Offline"] = "true";
        start.Environment.Remove("HF_HOME");
        start.Environment.Remove("HF_HUB_CACHE");
        return Process.Start(start)!;
    }

    private static async Task<Uri> ListeningAddressAsync(Process agent, CancellationToken cancellation)
    {
        var heard = new List<string>();
        while (await agent.StandardOutput.ReadLineAsync(cancellation) is { } line)
        {
            heard.Add(line);
            if (Listening().Match(line) is { Success: true } match)
                return new Uri(match.Groups[1].Value);
        }

        throw new InvalidOperationException($"The agent did not start: {string.Join('\n', heard)} {await agent.StandardError.ReadToEndAsync(cancellation)}");
    }

    [GeneratedRegex(@"Now listening on: (http://\S+)")]
    private static partial Regex Listening();
}
