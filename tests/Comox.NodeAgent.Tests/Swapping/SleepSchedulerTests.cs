using Comox.NodeAgent.Swapping;

namespace Comox.NodeAgent.Tests.Swapping;

/// <summary>The rules of sleep one by one. The card has 24 here and the machine 40, whatever the unit; asleep a model holds 2 of the card, and 10 of the machine.</summary>
public sealed class SleepSchedulerTests
{
    private static readonly SwapOptions Options = new() { MinResidency = TimeSpan.FromSeconds(30), MinResidencyLoads = 5, MaxWait = TimeSpan.FromSeconds(90) };

    [Fact]
    public void Who_gives_way_sleeps_where_the_machine_has_room_and_ends_else()
    {
        Assert.Equal([new SwapAction.Sleep("old")], Decide(Asked("new", 15), Sleeper("old", 20)));
        Assert.Equal([new SwapAction.Drain("old")], Decide(Asked("new", 15), Sleeper("old", 20) with { Sleep = new SwapSleep(2, 41, 1) }));
        Assert.Equal([new SwapAction.Drain("old")], Decide(Asked("new", 15), Sleeper("old", 20) with { Sleep = null }));
    }

    [Fact]
    public void It_ends_where_even_what_it_would_keep_is_needed() => Assert.Equal([new SwapAction.Drain("old")], Decide(Asked("new", 23), Sleeper("old", 20)));

    [Fact]
    public void What_sleeps_is_loaded_where_it_sleeps_and_needs_only_the_rest()
    {
        Assert.Equal([new SwapAction.Load("a", 0)], Decide(Asleep("a", 20) with { Waiting = 1 }, Hot("b", 4)));
        var plan = SwapScheduler.Decide(View(Asleep("a", 20) with { Waiting = 1 }), Options);
        Assert.Equal(new SwapWait("a", 1, 1), Assert.Single(plan.Waits)); // It wakes in a second, and would be loaded in five.
    }

    [Fact]
    public void Two_that_do_not_fit_together_change_places_and_none_ends() =>
        Assert.Equal([new SwapAction.Sleep("b")], Decide(Asleep("a", 20) with { Waiting = 1 }, Sleeper("b", 20)));

    [Fact]
    public void What_sleeps_is_ended_before_what_is_awake_where_its_little_is_enough() =>
        Assert.Equal([new SwapAction.Drain("asleep")], Decide(Asked("new", 2), Asleep("asleep", 20) with { Reuse = .01 }, Hot("b", 21)));

    [Fact]
    public void Memory_of_the_machine_is_one_ledger_for_those_that_sleep_and_those_that_run_there()
    {
        // 40 of the machine: 35 run on the CPU, so there is no room to sleep in.
        Assert.Equal([new SwapAction.Drain("old")], Decide(Asked("new", 15), Sleeper("old", 20), Hot("cpu", 35) with { Device = 1, Places = [1] }));

        // And one that is to run there has those end that sleep.
        Assert.Equal([new SwapAction.Drain("asleep")], Decide(Asked("cpu", 35) with { Places = [1] }, Asleep("asleep", 20)));
    }

    [Fact]
    public void A_sleeper_that_is_worth_less_makes_room_for_one_that_is_worth_more_and_not_the_other_way_round()
    {
        var worth = Sleeper("hot", 20) with { Reuse = .9, Sleep = new SwapSleep(1, 35, 1) };
        Assert.Equal([new SwapAction.Drain("asleep"), new SwapAction.Sleep("hot")], Decide(Asked("new", 12), worth, Asleep("asleep", 20) with { Reuse = .1, Device = 2 }));
        Assert.Equal([new SwapAction.Drain("hot")], Decide(Asked("new", 12), worth with { Reuse = .1 }, Asleep("asleep", 20) with { Reuse = .9, Device = 2 }));
    }

    [Fact]
    public void What_sleeps_where_it_cannot_wake_is_ended_to_be_loaded_elsewhere()
    {
        var blocked = Asleep("a", 20) with { Waiting = 1, Places = [0, 2] };
        Assert.Equal([new SwapAction.Drain("a")], Decide(blocked, Hot("pinned", 22) with { IsPinned = true }));
        Assert.Empty(Decide(blocked with { Places = [0] }, Hot("pinned", 22) with { IsPinned = true }));
    }

    [Fact]
    public void While_it_falls_asleep_its_room_is_on_its_way_and_what_it_keeps_is_not()
    {
        var falling = Sleeper("old", 20) with { Residency = Residency.Draining, IsFallingAsleep = true };
        Assert.Equal([], Decide(Asked("new", 22), falling));
        Assert.Equal([new SwapAction.Load("small", 0)], Decide(Asked("small", 4), falling));
        Assert.Empty(Decide(Asked("cpu", 35) with { Places = [1] }, falling)); // Its weights are going there.
    }

    [Fact]
    public void A_model_goes_only_where_it_may_be() => Assert.Equal([new SwapAction.Load("a", 2)], Decide(Asked("a", 4) with { Places = [2] }));

    [Fact]
    public void A_quote_counts_waking_for_whoever_would_only_sleep()
    {
        var quote = SwapScheduler.Quote(View(Cold("new", 15), Sleeper("old", 20) with { Reuse = .5 }), "new", Options);
        Assert.Equal(.5, quote.LossSeconds);
        Assert.Equal(2.5, SwapScheduler.Quote(View(Cold("new", 15), Hot("old", 20) with { Reuse = .5 }), "new", Options).LossSeconds);
        Assert.Equal(1, SwapScheduler.Quote(View(Asleep("a", 20)), "a", Options).Seconds);
    }

    private static SwapView View(params SwapUnit[] units) => new([new SwapDevice(0, 24), new SwapDevice(1, 40, IsHost: true), new SwapDevice(2, 24)], units);

    // Of what is decided for a model that may be only on the card; the second card is for those that say so.
    private static List<SwapAction> Decide(params SwapUnit[] units) =>
        [.. SwapScheduler.Decide(View([.. units.Select(unit => unit.Places is null ? unit with { Places = [0] } : unit)]), Options).Actions];

    private static SwapUnit Cold(string id, long bytes) => new() { Id = id, Residency = Residency.Cold, Bytes = bytes, LoadSeconds = 5, Places = [0] };

    private static SwapUnit Asked(string id, long bytes) => Cold(id, bytes) with { Waiting = 1, Places = null };

    private static SwapUnit Hot(string id, long bytes) => Cold(id, bytes) with { Residency = Residency.Hot, Device = 0, Since = TimeSpan.FromMinutes(5), Reuse = .1, Places = null };

    private static SwapUnit Sleeper(string id, long bytes) => Hot(id, bytes) with { Sleep = new SwapSleep(2, 10, 1) };

    private static SwapUnit Asleep(string id, long bytes) => Sleeper(id, bytes) with { Residency = Residency.Asleep };
}
