using System.Net;
using Comox.NodeAgent.Engines.Placement;
using Comox.NodeAgent.Health;
using Comox.NodeAgent.ModelCache;
using Comox.ServiceDefaults.Contracts.Nodes;
using Comox.TestKit;
using Microsoft.Extensions.DependencyInjection;

namespace Comox.NodeAgent.Tests.Health.Engines;

/// <summary>A real engine and a card that is only told of: what becomes of the engine when the card is not well. No real card has been seen to do this.</summary>
[System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
public sealed class CardRealFaultTests
{
    private static readonly GpuStatus Well = new() { Index = 0, Name = "A card", Source = GpuSources.Nvml, PciId = "0000:01:00.0" };

    public CardRealFaultTests() => Assert.SkipWhen(TestEngine.Path is null, TestEngine.SkipReason);

    [Fact]
    public async Task A_card_that_is_too_hot_ejects_its_engine_which_stays_and_comes_back_once_the_card_is_well_and_the_engine_proved_itself()
    {
        await using var agent = await OnCardAsync();
        var before = agent.Engine.Status.ProcessId;
        SetCard(agent, Well with { Health = Healths.Ejected, Reasons = ["It is hotter than where it protects itself. Look at its fans."] });
        var ejected = await agent.UntilAsync(engine => engine.Health == Healths.Ejected);
        Assert.Equal(["GPU 0 (A card): It is hotter than where it protects itself. Look at its fans."], ejected.HealthReasons);
        Assert.Equal((EngineStates.Ready, before), (ejected.State, ejected.ProcessId));
        // What comes all the same is answered: whether that is better than nothing is for whoever sends it to say.
        using (var answer = await EngineRealFaultTests.AskAsync(agent))
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);

        SetCard(agent, Well with { Health = Healths.Degraded, Reasons = ["It is hot."] });
        Assert.Contains("It has to prove itself", (await agent.UntilAsync(engine => engine.HealthReasons.Count == 2)).HealthReasons[0]);
        Assert.Equal(["GPU 0 (A card): It is hot."], (await agent.UntilAsync(engine => engine.Health == Healths.Degraded)).HealthReasons);
        SetCard(agent, Well);
        Assert.Equal(before, (await agent.UntilAsync(engine => engine.Health == Healths.Ok)).ProcessId);
    }

    [Fact]
    public async Task A_card_that_is_gone_takes_its_engine_along_until_somebody_asks_for_it_again()
    {
        await using var agent = await OnCardAsync();
        SetCard(agent, Well with { Health = Healths.Ejected, IsLost = true, Reasons = ["The driver has lost this card. Reboot the node."] });
        var failed = await agent.UntilAsync(EngineStates.Failed);
        Assert.Equal("GPU 0 (A card) is gone: The driver has lost this card. Reboot the node. Correct the cause, then restart the engine.", failed.Reason);
        Assert.Equal(Healths.Ejected, failed.Health);

        SetCard(agent, Well);
        agent.Engine.RequestRestart();
        await agent.UntilAsync(engine => engine is { State: EngineStates.Ready, Health: Healths.Ok });
    }

    [Fact]
    public async Task A_programs_error_on_the_card_has_the_engine_started_again_and_the_third_has_it_left_alone()
    {
        await using var agent = await OnCardAsync();
        for (var error = 1; error <= 3; error++)
        {
            await agent.UntilAsync(engine => engine is { State: EngineStates.Ready, Health: Healths.Ok });
            PutOnCard(agent); // Each start tells anew where it is.
            var restarts = agent.Engine.Status.Restarts;
            PutOnCard(agent); // Its start put it where it really is.
            SetCard(agent, Well with { LastXid = new GpuXid(31, "memory page fault, usually a program's mistake", TimeProvider.System.GetUtcNow()) });
            var seen = await agent.UntilAsync(engine => engine.State == EngineStates.Failed || engine.Restarts > restarts);
            Assert.Contains("GPU 0 (A card) reported XID 31: memory page fault", seen.Reason);
            Assert.Equal(error == 3 ? EngineStates.Failed : EngineStates.Restarting, seen.State);
            Assert.Equal(Healths.Ejected, seen.Health);
        }

        Assert.Contains("the third such error in ten minutes, so the engine is left alone", agent.Engine.Status.Reason);
        agent.Engine.RequestRestart();
        await agent.UntilAsync(engine => engine is { State: EngineStates.Ready, Health: Healths.Ok });
    }

    [Theory]
    [InlineData(-3)]
    [InlineData(3)]
    public async Task When_the_clock_is_set_an_error_is_held_against_the_engine_that_was_there_and_not_against_the_next(int hours)
    {
        await using var agent = await OnCardAsync();
        await agent.UntilAsync(engine => engine is { State: EngineStates.Ready, Health: Healths.Ok });
        SetCard(agent, Well with { LastXid = new GpuXid(31, "memory page fault, usually a program's mistake", TimeProvider.System.GetUtcNow().AddHours(hours)) });
        await agent.UntilAsync(engine => engine.Restarts == 1);

        await agent.UntilAsync(EngineStates.Ready);
        PutOnCard(agent);
        // It has been looked at many times by then: it has to prove itself first.
        Assert.Equal(1, (await agent.UntilAsync(engine => engine is { State: EngineStates.Ready, Health: Healths.Ok } or { Restarts: > 1 })).Restarts);
    }

    [Fact]
    public async Task Nothing_is_loaded_onto_a_card_that_is_ejected_and_whoever_asks_is_told_why()
    {
        var file = Path.Combine(AppContext.BaseDirectory, "nodeagent", BuiltInModel.FileName);
        await using var agent = await RunningAgent.StartAsync(new()
        {
            ["Comox:NodeAgent:Models:0:Model"] = file, ["Comox:NodeAgent:Models:0:Id"] = "chat", ["Comox:NodeAgent:Models:0:Name"] = "keepsake",
        });
        await agent.UntilAsync(EngineStates.Unloaded);
        // The one place it may be put into is that card.
        var places = agent.Engine.Places;
        agent.Engine.Places = [new EnginePlace(0, [Well], 1 << 30)];
        SetCard(agent, Well with { Health = Healths.Ejected, Reasons = ["It is hotter than where it protects itself."] });
        await agent.UntilAsync(engine => engine.Health == Healths.Ejected);
        using (var refused = await EngineRealFaultTests.AskAsync(agent))
        {
            Assert.Equal(HttpStatusCode.ServiceUnavailable, refused.StatusCode);
            Assert.Contains("is not loaded, because its card is not well. GPU 0 (A card): It is hotter", await refused.Content.ReadAsStringAsync());
        }

        using (var health = await agent.Http.GetAsync("/health"))
            Assert.Equal(HttpStatusCode.ServiceUnavailable, health.StatusCode);

        agent.Engine.Places = places;
        SetCard(agent, Well);
        await agent.UntilAsync(engine => engine is { Health: Healths.Ok, State: EngineStates.Unloaded });
        using var answer = await EngineRealFaultTests.AskAsync(agent);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
    }

    private static async Task<RunningAgent> OnCardAsync()
    {
        var agent = await RunningAgent.StartAsync();
        await agent.UntilAsync(EngineStates.Ready);
        SetCard(agent, Well);
        PutOnCard(agent);
        return agent;
    }

    private static void SetCard(RunningAgent agent, GpuStatus card) => agent.Services.GetRequiredService<NodeStatusBoard>().SetCards([card]);

    private static void PutOnCard(RunningAgent agent) => agent.Services.GetRequiredService<NodeStatusBoard>().Update(agent.Engine.Id, engine => engine with { Cards = [0] });
}
