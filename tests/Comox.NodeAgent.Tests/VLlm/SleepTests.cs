using System.Collections.Concurrent;
using System.Diagnostics;
using Comox.NodeAgent.Engines;
using Comox.ServiceDefaults.Contracts.Nodes;
using Microsoft.Extensions.DependencyInjection;

namespace Comox.NodeAgent.Tests.VLlm;

/// <summary>Two models, a card that holds one of them awake, and engines that can sleep, or say so.</summary>
[System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
public sealed class SleepTests
{
    [Fact]
    public async Task What_gives_way_sleeps_and_wakes_as_the_same_process()
    {
        await using var node = await StartAsync();
        await node.AskAsync("ada");
        var ada = node.Status("ada");
        Assert.StartsWith("It can: asleep it holds", ada.Sleep, StringComparison.Ordinal);

        await node.AskAsync("brine");
        var asleep = await node.UntilAsync("ada", EngineStates.Asleep);
        Assert.Equal(ada.ProcessId, asleep.ProcessId);
        Assert.Equal(EngineStates.Ready, node.Status("brine").State);
        // What vLLM keeps of the card asleep, and all of the other one.
        Assert.InRange(node.Used(), (long)(VLlmNode.CardBytes * 0.5), (long)(VLlmNode.CardBytes * 0.75));

        await node.AskAsync("ada");
        Assert.Equal((EngineStates.Ready, ada.ProcessId), (node.Status("ada").State, node.Status("ada").ProcessId));
        await node.UntilAsync("brine", EngineStates.Asleep);
        Assert.InRange((await node.Agent.UntilAsync("brine", engine => engine.EtaSeconds is not null)).EtaSeconds!.Value, 0, 30);
        Assert.Equal(0, node.Status("ada").Restarts);
    }

    [Theory]
    [InlineData("greedy-sleep", "asleep it kept")]
    [InlineData("leaky-wake", "it takes more of the card with every waking")]
    public async Task A_sleep_that_does_not_give_the_memory_back_is_not_used_and_the_status_says_why(string fault, string reason)
    {
        await using var node = await StartAsync(fault);
        await node.AskAsync("ada");
        Assert.Contains(reason, node.Status("ada").Sleep);
        var first = node.Status("ada").ProcessId;

        await node.AskAsync("brine");
        Assert.Equal(EngineStates.Unloaded, (await node.Agent.UntilAsync("ada", engine => engine.State is EngineStates.Unloaded or EngineStates.Asleep)).State);
        await node.AskAsync("ada");
        Assert.NotEqual(first, node.Status("ada").ProcessId);
    }

    [Fact]
    public async Task An_engine_that_does_not_wake_from_the_trial_is_started_again_and_not_tried_again()
    {
        await using var node = await StartAsync("no-wake");
        var restarting = node.UntilAsync("ada", EngineStates.Restarting);
        await node.AskAsync("ada");
        Assert.Contains("broke when its sleep was tried", (await restarting).Reason);
        Assert.Contains("it did not wake", node.Status("ada").Sleep);
        Assert.Equal(1, node.Status("ada").Restarts);
    }

    [Fact]
    public async Task One_that_is_killed_in_its_sleep_is_loaded_anew_when_it_is_asked_for()
    {
        await using var node = await StartAsync();
        await node.AskAsync("ada");
        await node.AskAsync("brine");
        var asleep = await node.UntilAsync("ada", EngineStates.Asleep);
        using (var process = Process.GetProcessById(asleep.ProcessId!.Value))
            process.Kill();
        await node.UntilAsync("ada", EngineStates.Unloaded);
        await node.AskAsync("ada");
        Assert.Equal(EngineStates.Ready, node.Status("ada").State);
    }

    [Fact]
    public async Task A_stream_that_runs_is_finished_before_its_model_sleeps()
    {
        await using var node = await StartAsync();
        await node.AskAsync("ada");
        using var stream = await node.SendAsync("ada", stream: true, tokens: 60);
        var other = node.AskAsync("brine");
        await node.UntilAsync("ada", EngineStates.Draining);
        Assert.EndsWith("data: [DONE]\n\n", await stream.Content.ReadAsStringAsync());
        await other;
        await node.UntilAsync("ada", EngineStates.Asleep);
    }

    /// <summary>vLLM would go on with its batch on memory that is not there.</summary>
    [Fact]
    public async Task A_stream_that_outlasts_the_patience_is_cut_and_its_model_does_not_sleep_with_it()
    {
        await using var node = await StartAsync(settings: new() { ["Comox:NodeAgent:Swapping:DrainTimeout"] = "00:00:00.3" });
        await node.AskAsync("ada");
        var before = node.Status("ada").ProcessId;
        using var stream = await node.SendAsync("ada", stream: true, tokens: 100_000);
        await node.AskAsync("brine");
        await Assert.ThrowsAnyAsync<Exception>(() => stream.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        Assert.Equal(EngineStates.Unloaded, (await node.Agent.UntilAsync("ada", engine => engine.State is EngineStates.Unloaded or EngineStates.Asleep)).State);
        await node.AskAsync("ada");
        Assert.NotEqual(before, node.Status("ada").ProcessId);
        Assert.Equal(0, node.Status("ada").Restarts);
    }

    [Fact]
    public async Task A_restart_that_is_asked_for_while_it_makes_room_lets_the_stream_finish_too()
    {
        await using var node = await StartAsync();
        await node.AskAsync("ada");
        var before = node.Status("ada").ProcessId;
        using var stream = await node.SendAsync("ada", stream: true, tokens: 150);
        var other = node.AskAsync("brine");
        await node.UntilAsync("ada", EngineStates.Draining);
        var ada = node.Agent.Services.GetRequiredService<EngineRegistry>().Find("ada")!;
        var cut = new ConcurrentQueue<string>(); // The stand-in may finish an answer even when it is told to end; others do not.
        ada.Entered += () =>
        {
            if (ada.Traffic.InFlight > 0 && ada.Status.State != EngineStates.Draining)
                cut.Enqueue(ada.Status.State);
        };
        (await node.Agent.Http.PostAsync("node/engines/ada/restart", null)).Dispose();
        Assert.EndsWith("data: [DONE]\n\n", await stream.Content.ReadAsStringAsync());
        await other;
        Assert.Empty(cut);
        await node.AskAsync("ada");
        Assert.NotEqual(before, node.Status("ada").ProcessId);
    }

    [Fact]
    public async Task A_stopped_agent_ends_those_that_sleep_too()
    {
        var node = await StartAsync();
        await node.AskAsync("ada");
        await node.AskAsync("brine");
        var asleep = await node.UntilAsync("ada", EngineStates.Asleep);
        using var process = Process.GetProcessById(asleep.ProcessId!.Value);
        await node.DisposeAsync();
        Assert.True(process.HasExited);
    }

    [Fact]
    public async Task Where_sleep_is_switched_off_nothing_is_tried_and_the_engine_ends()
    {
        await using var node = await StartAsync(settings: new() { ["Comox:NodeAgent:Swapping:Sleep"] = "false" });
        await node.AskAsync("ada");
        Assert.Null(node.Status("ada").Sleep);
        await node.AskAsync("brine");
        await node.UntilAsync("ada", EngineStates.Unloaded);
    }

    // Each needs about 13 of the card's 24 GB: the slots and the context make it so, the weights are nothing.
    private static Task<VLlmNode> StartAsync(string faults = "", Dictionary<string, string?>? settings = null)
    {
        var folder = VLlmNode.NewFolder();
        var all = new Dictionary<string, string?> { ["Comox:NodeAgent:Slots"] = "64" };
        foreach (var (name, at) in new[] { ("ada", 0), ("brine", 1) })
        {
            var model = TestModels.Folder(folder, name);
            var config = Path.Combine(model, "config.json");
            File.WriteAllText(config, File.ReadAllText(config).Replace("\"num_hidden_layers\":2", "\"num_hidden_layers\":700", StringComparison.Ordinal));
            all[$"Comox:NodeAgent:Models:{at}:Model"] = model;
            all[$"Comox:NodeAgent:Models:{at}:Name"] = name;
        }

        foreach (var (key, value) in settings ?? [])
            all[key] = value;
        return VLlmNode.StartAsync(folder, all, faults);
    }
}
