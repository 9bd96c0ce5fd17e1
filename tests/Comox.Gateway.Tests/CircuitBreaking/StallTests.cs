using Comox.Gateway.CircuitBreaking.Stalls;

namespace Comox.Gateway.Tests.CircuitBreaking;

public sealed class StallTests
{
    private static readonly StallOptions Defaults = new();

    private static readonly (string What, StreamsView View, Silence Expected)[] Cases =
    [
        ("Tokens come", new(8, 0.02, 0.025, double.NaN, 0, 1, false), Silence.None),
        ("Nobody waits for a token", new(0, 100, 0.025, double.NaN, 0, 1, false), Silence.None),
        ("It has not said enough to know what is usual", new(1, 100, double.NaN, double.NaN, 0, 1, false), Silence.None),
        ("A little long", new(1, 0.24, 0.025, double.NaN, 0, 1, false), Silence.None),
        ("Longer than six pauses, and than a quarter of a second", new(1, 0.26, 0.025, double.NaN, 0, 1, false), Silence.Quiet),
        ("Longer than sixteen, and than 0.7 s", new(1, 0.71, 0.025, double.NaN, 0, 1, false), Silence.Stalled),
        ("A CPU that says five tokens a second", new(1, 1.1, 0.2, double.NaN, 0, 1, false), Silence.None),
        ("…and has stopped", new(1, 3.3, 0.2, double.NaN, 0, 1, false), Silence.Stalled),
        ("It reads a prompt of one second meanwhile", new(3, 2.0, 0.025, double.NaN, 1, 1, false), Silence.None),
        ("…for much longer than that takes", new(3, 2.8, 0.025, double.NaN, 1, 1, false), Silence.Stalled),
        ("Of late it says a token where it used to say five", new(4, 0.05, 0.02, 0.1, 0, 1, false), Silence.Quiet),
        ("…while it reads", new(4, 0.05, 0.02, 0.1, 0.2, 1, false), Silence.None),
        ("…or three, because there are more to talk to", new(16, 0.05, 0.02, 0.06, 0, 1, false), Silence.None),
        ("…or four, when everybody does", new(4, 0.05, 0.02, 0.1, 0, 2, false), Silence.None),
        ("A silence in which everybody is slow", new(1, 0.71, 0.025, double.NaN, 0, 3, false), Silence.None),
        ("Far away a pause is nothing", new(1, 7.9, 0.025, double.NaN, 0, 1, true), Silence.None),
        ("…up to a point", new(1, 8.1, 0.025, double.NaN, 0, 1, true), Silence.Stalled),
    ];

    [Fact]
    public void A_silence_is_judged_by_what_is_usual() =>
        Assert.All(Cases, of => Assert.Equal((of.What, of.Expected), (of.What, Stall.Judge(of.View, Defaults))));

    [Theory]
    [InlineData(1.0)]
    [InlineData(1.0, 0.5, 0.7)]
    [InlineData(1.1, 1.1, 9.0)]
    [InlineData(1.2, 1.2, 1.2, 9.0, 9.0)]
    [InlineData(4.0, 99.0, 99.0)]
    public void The_pace_of_a_fleet_is_that_of_most(double expected, params double[] ratios) => Assert.Equal(expected, Stall.Pace(ratios));

    [Fact]
    public void The_usual_pause_is_that_of_one_stream_however_many_there_are()
    {
        var pulse = new BackendPulse();
        for (var look = 0; look < 100; look++)
            pulse.Count(streams: 4, tokens: 8, elapsed: 0.05);
        Assert.Equal(0.025, pulse.Gap, 0.001);

        // A pause counts when it is over, and a rest never does.
        for (var look = 0; look < 100; look++)
            pulse.Count(streams: 4, tokens: 0, elapsed: 0.05);
        Assert.Equal(0.025, pulse.Gap, 0.001);
        pulse.Rest();
        for (var look = 0; look < 10; look++)
            pulse.Count(streams: 4, tokens: 8, elapsed: 0.05);
        Assert.Equal(0.025, pulse.Gap, 0.001);
    }

    [Fact]
    public void What_is_recent_shows_within_half_a_second_and_what_is_usual_does_not_move()
    {
        var pulse = new BackendPulse();
        for (var look = 0; look < 100; look++)
            pulse.Count(streams: 4, tokens: 8, elapsed: 0.05);
        for (var look = 0; look < 10; look++)
            pulse.Count(streams: 4, tokens: look % 5 == 4 ? 4 : 0, elapsed: 0.05);

        Assert.InRange(pulse.RecentGap, 0.07, 0.3);
        Assert.InRange(pulse.Gap, 0.02, 0.035);
    }

    [Fact]
    public void A_backend_that_became_slower_is_not_silent_for_ever()
    {
        var pulse = new BackendPulse();
        for (var look = 0; look < 100; look++)
            pulse.Count(streams: 1, tokens: 5, elapsed: 0.05);
        for (var look = 0; look < 1200; look++)
            pulse.Count(streams: 1, tokens: look % 4 == 3 ? 1 : 0, elapsed: 0.05);

        Assert.InRange(pulse.Gap, 0.08, 0.21);
    }
}
