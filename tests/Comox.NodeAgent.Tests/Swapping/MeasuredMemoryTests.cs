using Comox.NodeAgent.Engines.Placement;
using Comox.NodeAgent.Swapping;
using Comox.ServiceDefaults.Contracts.Nodes;

namespace Comox.NodeAgent.Tests.Swapping;

public sealed class MeasuredMemoryTests
{
    private static readonly GpuStatus AtStart = new() { Index = 3, Name = "A card", Source = GpuSources.Nvml, MemoryUsedBytes = 1 };

    private readonly MeasuredMemory _memory = new(new EnginePlace(0, [AtStart], 24));

    [Fact]
    public void What_was_given_out_and_what_was_there_at_the_start_is_nobody_elses() => Assert.Equal(0, Foreign(used: 11, ours: 10));

    [Fact]
    public void An_engine_that_is_being_loaded_holds_less_than_it_was_given() => Assert.Equal(0, Foreign(used: 4, ours: 10));

    [Fact]
    public void What_others_take_meanwhile_is_left_to_them_until_they_give_it_back()
    {
        Assert.Equal(5, Foreign(used: 16, ours: 10, seconds: 1));
        Assert.Equal(0, Foreign(used: 11, ours: 10, seconds: 2));
    }

    [Fact]
    public void What_an_engine_held_that_has_just_ended_is_not_taken_for_another_programs_for_a_few_seconds()
    {
        for (var second = 0; second <= 100; second++)
            Assert.Equal(0, Foreign(used: 11, ours: 10, second));
        Assert.Equal(0, Foreign(used: 11, ours: 0, seconds: 101));
        Assert.Equal(0, Foreign(used: 11, ours: 0, seconds: 103));
        Assert.Equal(10, Foreign(used: 11, ours: 0, seconds: 106));
    }

    [Fact]
    public void A_card_that_tells_nothing_holds_nothing_for_others()
    {
        Assert.Equal(0, _memory.Foreign([AtStart with { MemoryUsedBytes = null }], 10, TimeSpan.Zero));
        Assert.Equal(0, _memory.Foreign([], 10, TimeSpan.Zero));
        Assert.Equal(0, new MeasuredMemory(new EnginePlace(1, [], 64)).Foreign([AtStart with { MemoryUsedBytes = 20 }], 10, TimeSpan.Zero));
    }

    private long Foreign(long used, long ours, double seconds = 0) => _memory.Foreign([AtStart with { MemoryUsedBytes = used }], ours, TimeSpan.FromSeconds(seconds));
}
