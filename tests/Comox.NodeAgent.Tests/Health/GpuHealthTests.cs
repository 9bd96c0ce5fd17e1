using Comox.NodeAgent.Hardware.Gpus;
using Comox.NodeAgent.Health.Gpus;
using Comox.ServiceDefaults.Contracts.Nodes;

namespace Comox.NodeAgent.Tests.Health;

public sealed class GpuHealthTests
{
    private static readonly GpuStatus Busy = new()
    {
        Index = 0,
        Name = "NVIDIA GeForce RTX 3090",
        Source = GpuSources.Nvml,
        PciId = "0000:01:00.0",
        MemoryTotalBytes = 24L << 30,
        MemoryUsedBytes = 11L << 30,
        TemperatureCelsius = 61,
        PowerWatts = 299,
        PowerLimitWatts = 300,
        UtilizationPercent = 98,
        CoreClockMegahertz = 1700,
        PcieGeneration = 4,
        PcieWidth = 16,
        Throttles = [GpuThrottles.PowerCap],
    };

    private static readonly GpuStatus Idle = Busy with { UtilizationPercent = 0, CoreClockMegahertz = 210, PcieGeneration = 1, PcieWidth = 4, PowerWatts = 20, Throttles = [GpuThrottles.Idle] };

    private GpuHistory _history = GpuHistory.New;
    private TimeSpan _now = TimeSpan.FromHours(1);

    [Fact]
    public void A_card_held_at_its_power_limit_is_healthy()
    {
        Assert.Equal(Healths.Ok, After(100, Busy).Health);
    }

    [Fact]
    public void A_card_of_which_nothing_is_known_is_accused_of_nothing()
    {
        Assert.Equal(Healths.Ok, After(100, new GpuStatus { Index = 0, Name = "?", Source = GpuSources.Amdgpu }).Health);
    }

    [Theory]
    [InlineData(GpuThrottles.HardwareSlowdown)]
    [InlineData(GpuThrottles.HardwarePowerBrake)]
    public void Hardware_slowdown_degrades_at_once_ejects_after_five_seconds_and_is_forgiven_when_it_ends(string throttle)
    {
        var slowed = Busy with { Throttles = [throttle] };

        Assert.Equal(Healths.Degraded, After(6, slowed).Health); // the first, and five seconds after it
        Assert.Equal(Healths.Ejected, After(1, slowed).Health);
        Assert.Equal(Healths.Ok, After(1, Busy).Health);
        Assert.Equal(Healths.Degraded, After(1, slowed).Health);
    }

    [Theory]
    [InlineData(GpuThrottles.SoftwareThermal)]
    [InlineData(GpuThrottles.HardwareThermal)]
    public void Heat_degrades_however_long_it_lasts(string throttle)
    {
        var card = After(60, Busy with { Throttles = [throttle] });

        Assert.Equal(Healths.Degraded, card.Health);
        Assert.Contains("cooler", Assert.Single(card.Reasons), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(92, Healths.Ok)]
    [InlineData(93, Healths.Degraded)]
    public void Memory_that_is_nearly_full_degrades(int percent, string health)
    {
        Assert.Equal(health, After(1, Busy with { MemoryTotalBytes = 100, MemoryUsedBytes = percent }).Health);
    }

    [Theory]
    [InlineData(84, 95, 299, Healths.Ok)] // hot, and it draws what it may
    [InlineData(84, 95, 250, Healths.Degraded)]
    [InlineData(77, 95, 250, Healths.Ok)]
    [InlineData(90, 95, 299, Healths.Degraded)]
    [InlineData(95, 95, 299, Healths.Ejected)]
    public void Temperature_counts_against_the_cards_own_threshold_and_against_power_it_does_not_get_to(double celsius, double threshold, double watts, string health)
    {
        Assert.Equal(health, Judge(new GpuReading(Busy with { TemperatureCelsius = celsius, PowerWatts = watts }) { SlowdownCelsius = threshold }).Health);
    }

    [Theory]
    [InlineData(1500, Healths.Ok)]
    [InlineData(1400, Healths.Degraded)]
    [InlineData(900, Healths.Ejected)]
    public void A_clock_is_measured_against_what_this_card_has_shown(int megahertz, string health)
    {
        Assert.Equal(Healths.Ok, After(30, Busy).Health);

        Assert.Equal(health, After(30, Busy with { CoreClockMegahertz = megahertz }).Health);
    }

    [Fact]
    public void A_low_clock_is_no_fault_in_an_idle_card_nor_in_one_with_another_power_limit()
    {
        After(30, Busy);

        Assert.Equal(Healths.Ok, After(30, Idle).Health);
        Assert.Equal(Healths.Ok, After(30, Busy with { PowerLimitWatts = 220, PowerWatts = 219, CoreClockMegahertz = 1200 }).Health);
    }

    [Fact]
    public void One_slow_moment_is_no_fault()
    {
        After(30, Busy);

        Assert.Equal(Healths.Ok, After(1, Busy with { CoreClockMegahertz = 900 }).Health);
    }

    [Fact]
    public void A_narrow_link_is_a_fault_only_under_load_and_against_what_it_has_been()
    {
        Assert.Equal(Healths.Ok, After(30, Busy with { PcieWidth = 1, PcieGeneration = 1 }).Health); // a riser that was never better
        Assert.Equal(Healths.Ok, After(30, Busy).Health);
        Assert.Equal(Healths.Ok, After(30, Idle).Health);
        Assert.Equal(Healths.Ok, After(2, Busy with { PcieWidth = 8 }).Health); // it wakes up
        Assert.Equal(Healths.Degraded, After(1, Busy with { PcieWidth = 8 }).Health);
        Assert.Equal(Healths.Ejected, After(1, Busy with { PcieWidth = 1 }).Health);
        Assert.Equal(Healths.Ok, After(1, Busy).Health);
    }

    [Theory]
    [InlineData(48)]
    [InlineData(63)]
    [InlineData(64)]
    [InlineData(74)]
    [InlineData(79)]
    [InlineData(94)]
    [InlineData(95)]
    [InlineData(119)]
    [InlineData(120)]
    [InlineData(154)]
    public void An_XID_of_the_card_itself_ejects_for_good_and_says_what_to_do(int code)
    {
        Hear(code);
        After(1, Busy);
        _now += TimeSpan.FromDays(1);

        var card = After(1, Busy);

        Assert.Equal(Healths.Ejected, card.Health);
        Assert.StartsWith($"XID {code}: ", Assert.Single(card.Reasons), StringComparison.Ordinal);
        Assert.Equal(code, card.LastXid?.Code);
    }

    [Theory]
    [InlineData(13)]
    [InlineData(31)]
    [InlineData(43)]
    [InlineData(68)]
    [InlineData(109)]
    public void An_application_s_XID_is_held_against_the_card_for_ten_minutes_and_the_third_in_them_ejects(int code)
    {
        Hear(code);
        Assert.Equal(Healths.Degraded, After(1, Busy).Health);
        Hear(code);
        Assert.Equal(Healths.Degraded, After(1, Busy).Health);
        Hear(code);
        Assert.Equal(Healths.Ejected, After(1, Busy).Health);
        _now += TimeSpan.FromMinutes(10);

        var card = After(1, Busy);

        Assert.Equal(Healths.Ok, card.Health);
        Assert.Equal(code, card.LastXid?.Code);
    }

    /// <summary>One illegal address in one process, as the driver tells it.</summary>
    [Fact]
    public void The_lines_of_one_failure_are_one_error()
    {
        for (var failure = 1; failure <= GpuHealth.XidsToQuarantine; failure++)
        {
            Hear(13);
            Hear(13);
            _now += TimeSpan.FromMilliseconds(200);
            Hear(43);
            Assert.Equal(failure < GpuHealth.XidsToQuarantine ? Healths.Degraded : Healths.Ejected, After(1, Busy).Health);
        }
    }

    /// <summary>The second follows the end of a program, which the agent brings about as a rule.</summary>
    [Theory]
    [InlineData(8)]
    [InlineData(45)]
    public void An_XID_that_nothing_follows_from_is_only_told(int code)
    {
        Hear(code);
        Hear(code);
        Hear(code);

        var card = After(1, Busy);

        Assert.Equal(Healths.Ok, card.Health);
        Assert.Equal(code, card.LastXid?.Code);
    }

    [Theory]
    [InlineData("Lost", Healths.Ejected)]
    [InlineData("Missing", Healths.Ejected)]
    [InlineData("Silent", Healths.Degraded)]
    public void A_card_that_cannot_be_read_keeps_its_name_and_loses_its_figures(string presence, string health)
    {
        var card = Judge(GpuHealth.Unread(Busy, Enum.Parse<GpuPresence>(presence)));

        Assert.Equal((health, Busy.Name, Busy.PciId), (card.Health, card.Name, card.PciId));
        Assert.Null(card.TemperatureCelsius);
        Assert.Null(card.MemoryUsedBytes);
    }

    [Fact]
    public void Heat_that_comes_and_goes_is_told_without_a_break_until_ten_seconds_after_its_end()
    {
        var slowed = After(1, Busy with { Throttles = [GpuThrottles.SoftwareThermal] });

        Assert.Equal(slowed.Reasons, After(9, Busy).Reasons);
        Assert.Equal(slowed.Reasons, After(1, Busy with { Throttles = [GpuThrottles.SoftwareThermal] }).Reasons);
        Assert.Equal(slowed.Reasons, After(9, Busy).Reasons);
        Assert.Equal(Healths.Ok, After(1, Busy).Health);
    }

    [Fact]
    public void Figures_that_move_do_not_change_the_words()
    {
        var first = After(1, Busy with { MemoryUsedBytes = 23L << 30, Throttles = [GpuThrottles.HardwareThermal] });
        var second = After(1, Busy with { MemoryUsedBytes = (23L << 30) + 1, TemperatureCelsius = 62, Throttles = [GpuThrottles.HardwareThermal] });

        Assert.Equal(2, first.Reasons.Count);
        Assert.Equal(first.Reasons, second.Reasons);
    }

    private void Hear(int code) => _history = _history with { Xids = [.. _history.Xids, new SeenXid(code, DateTimeOffset.UnixEpoch, _now)] };

    // One reading a second.
    private GpuStatus After(int readings, GpuStatus card)
    {
        var judged = card;
        for (var reading = 0; reading < readings; reading++)
            judged = Judge(new GpuReading(card));
        return judged;
    }

    private GpuStatus Judge(GpuReading reading)
    {
        (var card, _history) = GpuHealth.Judge(reading, _history, _now);
        _now += TimeSpan.FromSeconds(1);
        return card;
    }
}
