using System.Net;
using Comox.NodeAgent.ModelCache;
using Comox.NodeAgent.Tests.Health.Engines;
using Comox.ServiceDefaults;
using Comox.ServiceDefaults.Contracts.Nodes;
using Comox.TestKit;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;

namespace Comox.NodeAgent.Tests.Supervision;

/// <summary>A real engine on a disk that is full, and one whose file is cut short under it: what is said, and that it answers again once that is corrected.</summary>
[System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
public sealed class DiskRealFaultTests
{
    private static readonly string BuiltIn = Path.Combine(AppContext.BaseDirectory, "nodeagent", BuiltInModel.FileName);

    public DiskRealFaultTests() => Assert.SkipWhen(TestEngine.Path is null, TestEngine.SkipReason);

    [Fact]
    public async Task A_disk_that_is_full_is_named_when_an_engine_is_to_start_and_it_does_by_itself_once_there_is_room()
    {
        await using var disk = await SmallDisk.MountAsync(megabytes: 8);
        await using var agent = await RunningAgent.StartAsync(OnDemand(BuiltIn), home: disk.Home, time: new HurriedTime(10));
        await agent.UntilAsync(EngineStates.Unloaded);
        disk.Fill();
        using (var refused = await EngineRealFaultTests.AskAsync(agent))
        {
            Assert.Equal(HttpStatusCode.ServiceUnavailable, refused.StatusCode);
            Assert.Contains("The data folder cannot be used: No space left on device", await refused.Content.ReadAsStringAsync());
        }

        Assert.Contains("it is tried again every 10 seconds", (await agent.UntilAsync(EngineStates.Failed)).Reason);
        disk.Clear();
        await agent.UntilAsync(EngineStates.Unloaded);
        using var answer = await EngineRealFaultTests.AskAsync(agent);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
    }

    /// <summary>After a power cut a machine's second drive comes some seconds after the agent, and nobody is there.</summary>
    [Fact]
    public async Task A_cache_drive_that_is_mounted_late_is_taken_by_itself()
    {
        var home = Directory.CreateTempSubdirectory("comox-late-drive-").FullName;
        var drive = Path.Combine(home, "drive");
        var configuration = new ConfigurationBuilder().AddInMemoryCollection([new(ComoxHome.Setting, home)]).Build();
        Assert.True(new CacheDrive(ComoxHome.Open(configuration), Options.Create(new NodeAgentOptions { Cache = new() { Path = drive } }), TimeProvider.System).Check().IsSuccess);
        var (marker, elsewhere) = (Path.Combine(drive, CacheDrive.MarkerName), Path.Combine(home, "mounted-later"));
        File.Move(marker, elsewhere);

        await using var agent = await RunningAgent.StartAsync(new() { ["Comox:NodeAgent:Cache:Path"] = drive }, home: home, time: new HurriedTime(10));
        var failed = await agent.UntilAsync(EngineStates.Failed);
        Assert.Contains("its drive is not mounted", failed.Reason);
        Assert.Contains("It is tried again in 10 seconds", failed.Reason);
        File.Move(elsewhere, marker);

        await agent.UntilAsync(EngineStates.Ready);
    }

    [Fact]
    public async Task A_disk_that_fills_up_while_an_engine_runs_keeps_it_neither_from_answering_nor_from_starting_again()
    {
        await using var disk = await SmallDisk.MountAsync(megabytes: 8);
        await using var agent = await RunningAgent.StartAsync(home: disk.Home);
        var before = await agent.UntilAsync(EngineStates.Ready);
        disk.Fill();
        using (var answer = await EngineRealFaultTests.AskAsync(agent))
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal(0, EngineRealFaultTests.Kill(before.ProcessId!.Value, 9));
        await agent.UntilAsync(engine => engine is { State: EngineStates.Ready, Restarts: 1 });
        using var again = await EngineRealFaultTests.AskAsync(agent);
        Assert.Equal(HttpStatusCode.OK, again.StatusCode);
    }

    [Fact]
    public async Task A_disk_that_fills_up_while_a_model_is_fetched_is_named_and_what_has_come_is_kept_for_the_next_try()
    {
        var model = await File.ReadAllBytesAsync(BuiltIn);
        await using var hub = await TestHub.StartAsync(("tiny-q8_0.gguf", model));
        await using var disk = await SmallDisk.MountAsync(megabytes: 8);
        // Another program takes what is left, in the middle of it.
        hub.Gate = (bytes, _) =>
        {
            if (hub.Served > model.Length / 2)
                disk.Fill();
            return ValueTask.FromResult(bytes);
        };
        await using var agent = await RunningAgent.StartAsync(
            new()
            {
                ["Comox:NodeAgent:Model"] = "org/model:Q8_0", ["Comox:NodeAgent:Hub"] = hub.Address.ToString(), ["Comox:NodeAgent:Offline"] = "false",
                ["Comox:NodeAgent:Cache:Reserve"] = "0",
            },
            home: disk.Home);
        var failed = await agent.UntilAsync(EngineStates.Failed);
        Assert.Contains("No space left on device", failed.Reason);

        hub.Gate = null;
        var served = hub.Served;
        disk.Clear();
        agent.Engine.RequestRestart();
        await agent.UntilAsync(EngineStates.Ready);
        // How much was kept depends on what had been flushed; without any of it this would be all.
        Assert.InRange(hub.Served - served, 1, model.Length - 1);
        using var answer = await EngineRealFaultTests.AskAsync(agent);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
    }

    [Fact]
    public async Task A_model_whose_file_is_cut_short_after_it_was_chosen_fails_with_the_cause_and_starts_once_it_is_whole()
    {
        var folder = Directory.CreateTempSubdirectory("comox-cut-");
        var file = Path.Combine(folder.FullName, "a.gguf");
        File.Copy(BuiltIn, file);
        await using var agent = await RunningAgent.StartAsync(OnDemand(file));
        await agent.UntilAsync(EngineStates.Unloaded);
        Cut(file);

        using (var refused = await EngineRealFaultTests.AskAsync(agent))
        {
            Assert.Equal(HttpStatusCode.ServiceUnavailable, refused.StatusCode);
            Assert.Contains("not within the file bounds", await refused.Content.ReadAsStringAsync());
        }

        Assert.Contains("Correct the cause, then restart the engine", (await agent.UntilAsync(EngineStates.Failed)).Reason);
        Mend(file);
        agent.Engine.RequestRestart();
        await agent.UntilAsync(EngineStates.Unloaded);
        using var answer = await EngineRealFaultTests.AskAsync(agent);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        folder.Delete(recursive: true);
    }

    [Fact]
    public async Task A_model_whose_file_is_cut_short_under_a_running_engine_is_named_and_the_engine_starts_once_it_is_whole()
    {
        var folder = Directory.CreateTempSubdirectory("comox-cut-");
        var file = Path.Combine(folder.FullName, "a.gguf");
        File.Copy(BuiltIn, file);
        await using var agent = await RunningAgent.StartAsync(new() { ["Comox:NodeAgent:Model"] = file });
        await agent.UntilAsync(EngineStates.Ready);
        Cut(file);

        // The engine reads the weights in the file, and the kernel has none for it any more.
        var restarting = agent.UntilAsync(EngineStates.Restarting);
        using (var broken = await EngineRealFaultTests.AskAsync(agent))
            Assert.Equal(HttpStatusCode.BadGateway, broken.StatusCode);
        Assert.Contains("signal 7: the file was cut short, or its disk fails", (await restarting).Reason);
        var failed = await agent.UntilAsync(EngineStates.Failed);
        Assert.Contains("not within the file bounds", failed.Reason);
        Mend(file);
        agent.Engine.RequestRestart();
        await agent.UntilAsync(engine => engine is { State: EngineStates.Ready, Health: Healths.Ok });
        folder.Delete(recursive: true);
    }

    private static Dictionary<string, string?> OnDemand(string file) => new()
    {
        ["Comox:NodeAgent:Models:0:Model"] = file, ["Comox:NodeAgent:Models:0:Id"] = "chat", ["Comox:NodeAgent:Models:0:Name"] = "keepsake",
    };

    // The agent holds a lock on the file, which stops those that ask for it; a copy that breaks off halfway, or a disk, does not ask.
    private static FileStream Open(string file) => new(file, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);

    private static void Cut(string file)
    {
        using var stream = Open(file);
        stream.SetLength(stream.Length / 2);
    }

    private static void Mend(string file)
    {
        using var stream = Open(file);
        stream.Write(File.ReadAllBytes(BuiltIn));
    }
}
