using Comox.NodeAgent.Swapping;

namespace Comox.NodeAgent.Tests.Swapping;

/// <summary>What a hint may do, and all that it may not. A card has 24 here, whatever the unit.</summary>
public sealed class HintSchedulerTests
{
    private static readonly SwapOptions Options = new() { MinResidency = TimeSpan.FromSeconds(30), MinResidencyLoads = 5, MaxWait = TimeSpan.FromSeconds(90) };

    [Fact]
    public void Where_there_is_room_it_is_loaded() =>
        Assert.Equal([new SwapAction.Load("a", 0)], Decide(Hinted("a", 10), Hot("b", 9)));

    [Fact]
    public void One_that_sleeps_is_woken_where_it_has_the_room_and_ended_for_nothing()
    {
        var asleep = Hinted("a", 10) with { Residency = Residency.Asleep, Device = 0, Sleep = new SwapSleep(1, 10, .5) };
        Assert.Equal([new SwapAction.Load("a", 0)], Decide(asleep, Hot("b", 9)));
        Assert.Empty(SwapScheduler.Decide(new SwapView([new(0, 24), new(1, 24)], [asleep, Hot("b", 23)]), Options).Actions);
    }

    [Fact]
    public void Without_room_nobody_goes_and_its_files_are_read_ahead() =>
        Assert.Equal([new SwapAction.ReadAhead("a")], Decide(Hinted("a", 10), Hot("b", 20) with { Reuse = 0 }));

    [Theory]
    [InlineData(7, 8, true)]
    [InlineData(8, 8, true)]
    [InlineData(9, 8, false)] // The machine's memory would not hold it.
    [InlineData(7, null, false)] // Nobody knows.
    [InlineData(0, 8, false)] // It is there already.
    public void It_is_read_ahead_only_into_memory_that_is_there(long file, int? available, bool reads)
    {
        var view = new SwapView([new SwapDevice(0, 24)], [Hinted("a", 10) with { ReadAheadBytes = file }, Hot("b", 20)]) { AvailableBytes = available };
        Assert.Equal(reads ? [new SwapAction.ReadAhead("a")] : Array.Empty<SwapAction>(), SwapScheduler.Decide(view, Options).Actions);
    }

    [Fact]
    public void What_engines_on_the_cpu_compute_with_is_not_counted_as_free_though_the_system_does()
    {
        var view = new SwapView([new SwapDevice(0, 24, IsHost: true)], [Hinted("a", 10) with { ReadAheadBytes = 9 }, Hot("b", 20)]);
        Assert.Empty(SwapScheduler.Decide(view with { AvailableBytes = 28 }, Options).Actions);
        Assert.Equal([new SwapAction.ReadAhead("a")], SwapScheduler.Decide(view with { AvailableBytes = 29 }, Options).Actions);
    }

    [Fact]
    public void One_that_can_never_fit_is_neither_read_ahead_nor_refused()
    {
        var plan = SwapScheduler.Decide(new SwapView([new SwapDevice(0, 24)], [Hinted("a", 30)]) { AvailableBytes = 100 }, Options);
        Assert.Empty(plan.Actions);
        Assert.Empty(plan.TooLarge);
    }

    [Fact]
    public void Who_waits_is_served_and_hints_rest_meanwhile()
    {
        Assert.Equal([new SwapAction.Load("asked", 0)], Decide(Hinted("a", 5), Cold("asked", 5) with { Waiting = 1 }));
        // It waits for room that is not there yet: the hint does not take what there is.
        Assert.Empty(Decide(Hinted("a", 3), Cold("asked", 20) with { Waiting = 1 }, Hot("young", 10) with { Since = TimeSpan.FromSeconds(1) }));
    }

    [Fact]
    public void While_something_is_loaded_nothing_is_read_beside_it() =>
        Assert.Empty(Decide(Hinted("a", 5), Cold("b", 5) with { Residency = Residency.Loading, Device = 0 }));

    [Fact]
    public void Pinned_models_come_first_and_one_hint_is_loaded_at_a_time()
    {
        Assert.Equal([new SwapAction.Load("pinned", 0)], Decide(Hinted("a", 5), Cold("pinned", 5) with { IsPinned = true }));
        Assert.Equal([new SwapAction.Load("a", 0)], Decide(Hinted("b", 5), Hinted("a", 5)));
    }

    [Fact]
    public void What_a_hint_loaded_goes_at_once_for_who_really_asks_and_even_while_it_loads()
    {
        var unasked = Hot("a", 20) with { Since = TimeSpan.Zero, Reuse = 0, IsUnasked = true };
        var asked = Cold("asked", 10) with { Waiting = 1 };
        Assert.Equal([new SwapAction.Drain("a")], Decide(unasked, asked));
        Assert.Equal([new SwapAction.Drain("a")], Decide(unasked with { Residency = Residency.Loading }, asked));
        // Since somebody has asked for it, it is as any other.
        Assert.Empty(Decide(unasked with { IsUnasked = false }, asked));
        Assert.Empty(Decide(unasked with { Residency = Residency.Loading, IsUnasked = false }, asked));
    }

    [Fact]
    public void Who_really_asks_is_loaded_beside_one_that_loads_for_a_hint() =>
        Assert.Equal([new SwapAction.Load("asked", 0)], Decide(Hot("a", 5) with { Residency = Residency.Loading, IsUnasked = true }, Cold("asked", 10) with { Waiting = 1 }));

    private static IReadOnlyList<SwapAction> Decide(params SwapUnit[] units) => SwapScheduler.Decide(new SwapView([new SwapDevice(0, 24)], units) { AvailableBytes = 100 }, Options).Actions;

    private static SwapUnit Cold(string id, long bytes) => new() { Id = id, Residency = Residency.Cold, Bytes = bytes, LoadSeconds = 2 };

    private static SwapUnit Hinted(string id, long bytes) => Cold(id, bytes) with { IsHinted = true, ReadAheadBytes = bytes };

    private static SwapUnit Hot(string id, long bytes) =>
        new() { Id = id, Residency = Residency.Hot, Bytes = bytes, Device = 0, Since = TimeSpan.FromMinutes(5), LoadSeconds = 2, Reuse = .1 };
}
