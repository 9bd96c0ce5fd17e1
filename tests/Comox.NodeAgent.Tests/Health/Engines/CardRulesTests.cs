using Comox.NodeAgent.Health.Engines;
using Comox.ServiceDefaults.Contracts.Nodes;

namespace Comox.NodeAgent.Tests.Health.Engines;

public sealed class CardRulesTests
{
    private static readonly DateTimeOffset Noon = new(2026, 11, 29, 12, 0, 0, TimeSpan.Zero);
    private static readonly GpuStatus Well = Card(0, Healths.Ok);
    private static readonly GpuStatus Hot = Card(1, Healths.Degraded, "It is hot.");
    private static readonly GpuStatus TooHot = Card(2, Healths.Ejected, "It is hotter than where it protects itself.");
    private static readonly GpuStatus Gone = Card(3, Healths.Ejected, "The driver has lost this card. Reboot the node.") with { IsLost = true };

    [Fact]
    public void The_worst_of_its_cards_is_the_engines_health_with_the_cards_words()
    {
        GpuStatus[] all = [Well, Hot, TooHot, Gone];
        Assert.Same(EngineVerdict.Ok, CardRules.Judge([], all)); // on the CPU
        Assert.Same(EngineVerdict.Ok, CardRules.Judge([0], all));
        Assert.Same(EngineVerdict.Ok, CardRules.Judge([9], all)); // of which nothing is known

        var degraded = CardRules.Judge([0, 1], all);
        Assert.Equal((Healths.Degraded, null), (degraded.Health, degraded.Fault));
        Assert.Equal(["GPU 1 (A card): It is hot."], degraded.Reasons);

        var ejected = CardRules.Judge([0, 1, 2], all);
        Assert.Equal((Healths.Ejected, null), (ejected.Health, ejected.Fault)); // what runs may finish
        Assert.Equal(["GPU 2 (A card): It is hotter than where it protects itself.", "GPU 1 (A card): It is hot."], ejected.Reasons);

        Assert.Equal("GPU 3 (A card) is gone: The driver has lost this card. Reboot the node", CardRules.Judge([3], all).Fault);
    }

    [Fact]
    public void A_programs_error_on_one_of_its_cards_asks_for_a_restart_unless_it_was_there_before_the_engine()
    {
        var hit = Well with { LastXid = new GpuXid(31, "memory page fault", Noon) };
        const string Fault = "GPU 0 (A card) reported XID 31: memory page fault";
        Assert.Equal(Fault, CardRules.Restarts([0], [hit], [Well]));
        Assert.Equal(Fault, CardRules.Restarts([0], [hit], [])); // nothing was known of the card yet
        Assert.Null(CardRules.Restarts([0], [hit with { Health = Healths.Degraded }], [hit])); // it was started after that
        Assert.Null(CardRules.Restarts([1], [hit], [Well])); // on another card
        Assert.Null(CardRules.Restarts([0], [hit with { LastXid = new GpuXid(48, "the card's own", Noon) }], [Well])); // no restart helps
        Assert.Null(CardRules.Restarts([0], [hit with { LastXid = new GpuXid(45, "a program's work was cancelled", Noon) }], [Well])); // the end of another engine on it
        // The same once more, after the clock was set back.
        Assert.Equal(Fault, CardRules.Restarts([0], [hit with { LastXid = new GpuXid(31, "memory page fault", Noon.AddHours(-3)) }], [hit]));
    }

    private static GpuStatus Card(int index, string health, params string[] reasons) => new() { Index = index, Name = "A card", Source = GpuSources.Nvml, Health = health, Reasons = reasons };
}
