using System.Net;
using System.Runtime.InteropServices;
using Comox.NodeAgent.Swapping;
using Comox.ServiceDefaults.Contracts.Nodes;
using Comox.ServiceDefaults.Contracts.OpenAI;
using Comox.TestKit;

namespace Comox.NodeAgent.Tests.Swapping;

/// <summary>Hints on the real llama-server: what is loaded before somebody asks, and for whom it makes way.</summary>
[System.Runtime.Versioning.SupportedOSPlatform("linux")]
public sealed class RealWarmTests
{
    private static readonly Dictionary<string, string?> RoomForBoth = new() { ["Comox:NodeAgent:Swapping:MemoryBytes"] = "1000000000" };

    // What somebody asked for stays for good.
    private static readonly Dictionary<string, string?> NothingGivesWay = new()
    {
        ["Comox:NodeAgent:Swapping:MinResidency"] = "00:30:00", ["Comox:NodeAgent:Swapping:MinResidencyLoads"] = "1000", ["Comox:NodeAgent:Swapping:MaxWait"] = "00:30:00",
    };

    public RealWarmTests() => Assert.SkipWhen(TestEngine.Path is null, TestEngine.SkipReason);

    [Fact]
    public async Task Where_there_is_room_the_model_is_ready_before_anybody_asks_and_the_other_stays()
    {
        await using var agent = await StartAsync(RoomForBoth);
        await RealSwapTests.AskAsync(agent, "ada");

        var warming = await WarmAsync(agent, "brine");

        Assert.Equal((EngineStates.Unloaded, WarmActions.Load), (warming.State, warming.Action));
        Assert.InRange(warming.EtaSeconds!.Value, 0.05, 30);
        await agent.UntilAsync("brine", engine => engine.State == EngineStates.Ready);
        Assert.Equal(EngineStates.Ready, RealSwapTests.Status(agent, "ada").State);
        Assert.Equal((EngineStates.Ready, WarmActions.None, 0), (await WarmAsync(agent, "brine")) is var ready ? (ready.State, ready.Action, ready.EtaSeconds) : default);
    }

    [Fact]
    public async Task Without_room_nobody_goes_and_the_file_is_in_memory_before_it_is_loaded()
    {
        await using var agent = await StartAsync(NothingGivesWay);
        await RealSwapTests.AskAsync(agent, "ada");
        var process = RealSwapTests.Status(agent, "ada").ProcessId;
        var file = Path.Combine(agent.Home, "files", "brine.gguf");
        Drop(file);
        Assert.SkipWhen(PageCache.ResidentShare(file) > 0.1, "This file system cannot forget what it holds in memory.");

        Assert.Equal(WarmActions.ReadAhead, (await WarmAsync(agent, "brine")).Action);

        await Eventually.IsTrueAsync(() => PageCache.ResidentShare(file) == 1, "the whole file is in memory");
        Assert.Equal(WarmActions.None, (await WarmAsync(agent, "brine")).Action);
        Assert.Equal(EngineStates.Unloaded, RealSwapTests.Status(agent, "brine").State);
        Assert.Equal((EngineStates.Ready, process), (RealSwapTests.Status(agent, "ada").State, RealSwapTests.Status(agent, "ada").ProcessId));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task What_was_loaded_for_a_hint_makes_way_at_once_for_who_really_asks(bool isReady)
    {
        await using var agent = await StartAsync(NothingGivesWay);
        Assert.Equal(WarmActions.Load, (await WarmAsync(agent, "ada")).Action);
        await agent.UntilAsync("ada", engine => isReady ? engine.State == EngineStates.Ready : engine.State == EngineStates.Loading);

        await RealSwapTests.AskAsync(agent, "brine");

        Assert.Equal(EngineStates.Ready, RealSwapTests.Status(agent, "brine").State);
        var ada = RealSwapTests.Status(agent, "ada");
        Assert.True(ada is { State: EngineStates.Unloaded, ProcessId: null, Restarts: 0 }, $"{ada.State}: {ada.Reason}");
    }

    [Fact]
    public async Task A_hint_is_no_use_of_the_model_and_a_request_is()
    {
        await using var agent = await StartAsync();
        await WarmAsync(agent, "ada");
        await agent.UntilAsync("ada", engine => engine.State == EngineStates.Ready);
        // What loading the one would cost those who use the other.
        await agent.UntilAsync("brine", engine => engine is { EtaSeconds: not null, LossSeconds: 0 });

        await RealSwapTests.AskAsync(agent, "ada");

        await agent.UntilAsync("brine", engine => engine.LossSeconds > 0);
    }

    [Fact]
    public async Task Who_asks_for_what_is_loaded_for_a_hint_gets_it()
    {
        await using var agent = await StartAsync();
        await WarmAsync(agent, "ada");
        await RealSwapTests.AskAsync(agent, "ada");
        Assert.Equal(0, RealSwapTests.Status(agent, "ada").Restarts);
    }

    [Fact]
    public async Task Hints_need_the_service_key_and_an_engine_that_is_there()
    {
        await using var agent = await StartAsync();
        using var stranger = agent.Client(null);
        using var refused = await stranger.PostAsync("node/engines/ada/warm", content: null, TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.Unauthorized, refused.StatusCode);
        Assert.Equal(ErrorCodes.EngineNotFound, (await agent.Node.WarmAsync("nobody", TestContext.Current.CancellationToken)).Error!.Code);
        Assert.Equal(EngineStates.Unloaded, RealSwapTests.Status(agent, "ada").State);
    }

    private static async Task<RunningAgent> StartAsync(Dictionary<string, string?>? settings = null)
    {
        var agent = await RealSwapTests.StartAsync(settings);
        await RealSwapTests.UnloadedAsync(agent, "ada");
        await RealSwapTests.UnloadedAsync(agent, "brine");
        return agent;
    }

    private static async Task<EngineWarming> WarmAsync(RunningAgent agent, string engine)
    {
        var warming = await agent.Node.WarmAsync(engine, TestContext.Current.CancellationToken);
        Assert.True(warming.IsSuccess, warming.Error?.Message);
        return warming.Value;
    }

    /// <summary>Has the system forget what it holds of a file in memory.</summary>
    private static void Drop(string path)
    {
        using var file = File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
        RandomAccess.FlushToDisk(file);
        Assert.Equal(0, Advise((int)file.DangerousGetHandle(), 0, 0, DontNeed));
    }

    private const int DontNeed = 4;

    [DllImport("libc", EntryPoint = "posix_fadvise")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Advise(int file, long offset, long length, int advice);
}
