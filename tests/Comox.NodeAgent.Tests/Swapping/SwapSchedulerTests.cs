using Comox.NodeAgent.Swapping;

namespace Comox.NodeAgent.Tests.Swapping;

/// <summary>The rules one by one. A card has 24 here, whatever the unit.</summary>
public sealed class SwapSchedulerTests
{
    private static readonly SwapOptions Options = new() { MinResidency = TimeSpan.FromSeconds(30), MinResidencyLoads = 5, MaxWait = TimeSpan.FromSeconds(90) };

    [Fact]
    public void Who_is_asked_for_is_loaded_where_there_is_room()
    {
        var plan = Decide(Asked("a", 10), Hot("b", 9));
        Assert.Equal([new SwapAction.Load("a", 0)], plan.Actions);
        Assert.Equal(new SwapWait("a", 1, 2), Assert.Single(plan.Waits));
    }

    [Fact]
    public void Nobody_who_is_not_asked_for_is_loaded_unless_it_is_pinned() =>
        Assert.Equal([new SwapAction.Load("b", 0)], Decide(Cold("a", 10), Cold("b", 10) with { IsPinned = true }).Actions);

    [Fact]
    public void Those_whose_going_loses_least_give_way_first_and_no_more_than_is_needed()
    {
        var plan = Decide(Asked("new", 10), Hot("dear", 8) with { Reuse = .9 }, Hot("cheap", 8) with { Reuse = .1 }, Hot("middle", 8) with { Reuse = .5 });
        Assert.Equal([new SwapAction.Drain("cheap"), new SwapAction.Drain("middle")], plan.Actions);

        // For its bytes, not as a whole: loading a large one again takes longer, and frees more. A small one that does not help is left alone.
        Assert.Equal([new SwapAction.Drain("large")], Decide(Asked("new", 12), Hot("small", 2) with { Reuse = .1 }, Hot("large", 16) with { Reuse = .9 }).Actions);
    }

    [Fact]
    public void The_load_waits_until_the_memory_is_really_free()
    {
        Assert.Empty(Decide(Asked("new", 20), Draining("old", 20)).Actions);
        Assert.Equal([new SwapAction.Load("new", 0)], Decide(Asked("new", 20), Cold("old", 20)).Actions);
    }

    [Fact]
    public void The_idle_go_before_the_busy_however_dear() =>
        Assert.Equal([new SwapAction.Drain("idle")], Decide(Asked("new", 10), Hot("busy", 10) with { InFlight = 1, Reuse = 0 }, Hot("idle", 10) with { Reuse = 1 }).Actions);

    [Fact]
    public void The_busy_finish_first_where_nobody_is_idle() =>
        Assert.Equal([new SwapAction.Drain("busy")], Decide(Asked("new", 20), Hot("busy", 20) with { InFlight = 3 }).Actions);

    [Fact]
    public void Pinned_models_stay_and_who_fits_nowhere_beside_them_is_refused()
    {
        var plan = Decide(Asked("new", 20) with { Waited = TimeSpan.FromHours(1) }, Hot("pinned", 20) with { IsPinned = true });
        Assert.Empty(plan.Actions);
        Assert.Empty(plan.Waits);
        Assert.Equal(["new"], plan.BesidePinned);

        // Beside who may go it waits.
        plan = Decide(Asked("new", 14), Hot("pinned", 10) with { IsPinned = true }, Hot("young", 10) with { Since = TimeSpan.FromSeconds(3) });
        Assert.Empty(plan.BesidePinned);
        Assert.Equal("new", Assert.Single(plan.Waits).Unit);
    }

    [Fact]
    public void What_was_loaded_a_moment_ago_stays_until_somebody_has_waited_too_long()
    {
        var young = Hot("young", 20) with { Since = TimeSpan.FromSeconds(3) };
        Assert.Empty(Decide(Asked("new", 20), young).Actions);
        Assert.Equal([new SwapAction.Drain("young")], Decide(Asked("new", 20) with { Waited = TimeSpan.FromSeconds(90) }, young).Actions);
    }

    [Fact]
    public void How_long_it_stays_follows_from_how_long_it_took_to_load_and_whoever_waits_is_told()
    {
        var plan = Decide(Asked("new", 20), Hot("young", 20) with { Since = TimeSpan.FromSeconds(4) });
        Assert.Empty(plan.Actions);
        // Six of its ten seconds are left, then a second to end it or less, then two to load.
        Assert.Equal(new SwapWait("new", 1, 8), Assert.Single(plan.Waits));
        Assert.NotEmpty(Decide(Asked("new", 20), Hot("young", 20) with { Since = TimeSpan.FromSeconds(10) }).Actions);
    }

    [Fact]
    public void A_quote_has_what_others_would_lose_and_is_not_cheap_where_somebody_was_loaded_a_moment_ago()
    {
        var free = Quote(Cold("new", 10));
        Assert.Equal((2, 0), (free.Seconds, free.LossSeconds));
        var settled = Quote(Cold("new", 20), Hot("liked", 20) with { Reuse = .5 });
        Assert.Equal((3, 1), (settled.Seconds, settled.LossSeconds));
        var young = Quote(Cold("new", 20), Hot("liked", 20) with { Reuse = .5, Since = TimeSpan.FromSeconds(4) });
        Assert.Equal((9, 1), (young.Seconds, young.LossSeconds));
        Assert.Null(Quote(Cold("new", 20), Hot("pinned", 20) with { IsPinned = true }).Seconds);
    }

    [Fact]
    public void A_model_that_is_used_more_is_more_probably_used_again_and_a_conversation_more_than_a_liking()
    {
        var (never, once, often) = (new UseRate(), new UseRate(), new UseRate());
        once.Used(100);
        for (var second = 0; second <= 100; second += 10)
            often.Used(second);
        Assert.Equal(0, never.Reuse(100));
        Assert.InRange(once.Reuse(100), 0.9, 1);
        Assert.InRange(once.Reuse(700), 0.05, 0.2);
        Assert.True(often.Reuse(1300) > once.Reuse(1300));
    }

    [Fact]
    public void A_pinned_model_that_nobody_waits_for_drives_nobody_out_who_is_used() =>
        Assert.Empty(Decide(Cold("pinned", 20) with { IsPinned = true }, Hot("used", 20) with { InFlight = 1 }).Actions);

    [Fact]
    public void Who_waits_longest_is_first_and_who_is_behind_takes_no_room_from_it()
    {
        var plan = Decide(
            Asked("first", 20) with { Waited = TimeSpan.FromSeconds(9) }, Asked("second", 12) with { Waited = TimeSpan.FromSeconds(5) }, Draining("old", 14));
        Assert.Empty(plan.Actions);
        Assert.Equal(["first", "second"], plan.Waits.OrderBy(wait => wait.Place).Select(wait => wait.Unit));
    }

    [Fact]
    public void Who_fits_beside_goes_ahead()
    {
        var plan = Decide(
            Asked("large", 14) with { Waited = TimeSpan.FromSeconds(9) }, Asked("small", 3) with { Waited = TimeSpan.FromSeconds(5) }, Draining("old", 14));
        Assert.Equal([new SwapAction.Load("small", 0)], plan.Actions);
    }

    [Fact]
    public void One_is_loaded_at_a_time_into_a_device_and_several_devices_load_side_by_side()
    {
        Assert.Equal([new SwapAction.Load("a", 0)], Decide(Asked("a", 5), Asked("b", 5)).Actions);
        var plan = SwapScheduler.Decide(new SwapView([new(0, 24), new(1, 24)], [Asked("a", 5), Asked("b", 5)]), Options);
        Assert.Equal([new SwapAction.Load("a", 0), new SwapAction.Load("b", 1)], plan.Actions);
    }

    [Fact]
    public void Of_two_devices_the_one_is_taken_where_nobody_has_to_go()
    {
        var plan = SwapScheduler.Decide(new SwapView([new(0, 24), new(1, 24)], [Asked("a", 20), Hot("b", 10), Hot("c", 3) with { Device = 1 }]), Options);
        Assert.Equal([new SwapAction.Load("a", 1)], plan.Actions);
    }

    [Fact]
    public void What_others_hold_on_the_card_is_not_given_away()
    {
        // They may give it back, so it is waited for; what no card could hold if they did is refused.
        var view = new SwapView([new(0, 24, ForeignBytes: 10)], [Asked("a", 15), Asked("b", 25)]);
        var plan = SwapScheduler.Decide(view, Options);
        Assert.Equal(["b"], plan.TooLarge);
        Assert.Empty(plan.Actions);
        Assert.Equal("a", Assert.Single(plan.Waits).Unit);
        Assert.Equal(10, SwapLedger.InTheWay(view, "a"));
        Assert.Null(SwapLedger.InTheWay(view, "b"));
        Assert.Null(SwapLedger.InTheWay(view with { Devices = [new(0, 24, ForeignBytes: 9)] }, "a"));
    }

    [Fact]
    public void Those_who_wait_are_told_when()
    {
        var plan = Decide(
            Asked("loading", 8) with { Residency = Residency.Loading, Device = 0, Since = TimeSpan.FromSeconds(1.5) },
            Asked("next", 8) with { Waited = TimeSpan.FromSeconds(2) },
            Asked("last", 8) with { Waited = TimeSpan.FromSeconds(1) });
        Assert.Equal([("loading", 1, 0.5), ("next", 2, 2.5), ("last", 3, 4.5)], plan.Waits.Select(wait => (wait.Unit, wait.Place, wait.Seconds!.Value)));
    }

    private static SwapPlan Decide(params SwapUnit[] units) => SwapScheduler.Decide(new SwapView([new SwapDevice(0, 24)], units), Options);

    private static SwapQuote Quote(SwapUnit asked, params SwapUnit[] others) => SwapScheduler.Quote(new SwapView([new SwapDevice(0, 24)], [asked, .. others]), asked.Id, Options);

    private static SwapUnit Cold(string id, long bytes) => new() { Id = id, Residency = Residency.Cold, Bytes = bytes, LoadSeconds = 2 };

    private static SwapUnit Asked(string id, long bytes) => Cold(id, bytes) with { Waiting = 1 };

    private static SwapUnit Hot(string id, long bytes) =>
        new() { Id = id, Residency = Residency.Hot, Bytes = bytes, Device = 0, Since = TimeSpan.FromMinutes(5), LoadSeconds = 2, Reuse = .1 };

    private static SwapUnit Draining(string id, long bytes) => Hot(id, bytes) with { Residency = Residency.Draining };
}
