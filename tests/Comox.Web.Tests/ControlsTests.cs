using Comox.Web.Controls;
using Microsoft.Extensions.Time.Testing;

namespace Comox.Web.Tests;

public sealed class ControlsTests
{
    [Fact]
    public void A_thousand_changes_in_a_moment_are_two_renders_and_the_last_one_is_not_lost()
    {
        var time = new FakeTimeProvider();
        var renders = 0;
        using var throttle = new RenderThrottle(time, () => renders++);

        for (var change = 0; change < 1_000; change++)
            throttle.Request();
        Assert.Equal(1, renders);

        time.Advance(RenderThrottle.Interval);
        Assert.Equal(2, renders);

        time.Advance(RenderThrottle.Interval * 10);
        Assert.Equal(2, renders);

        throttle.Request();
        Assert.Equal(3, renders);
    }

    [Theory]
    [InlineData("Ada Lovelace", "AL")]
    [InlineData("brine", "B")]
    [InlineData("Captain Jack the Brine", "CB")]
    [InlineData("élodie", "É")]
    [InlineData("🦊 fox", "🦊F")]
    [InlineData("  ", "?")]
    public void Initials_stand_in_for_a_picture(string name, string initials) => Assert.Equal(initials, Monogram.InitialsOf(name));

    [Fact]
    public void A_characters_gradient_never_changes() => Assert.Equal("linear-gradient(140deg, hsl(163 48% 52%), hsl(223 58% 34%))", Monogram.GradientOf("ada"));

    [Theory]
    [InlineData(0, "just now")]
    [InlineData(5 * 60, "5 min ago")]
    [InlineData(3 * 3600, "3 h ago")]
    [InlineData(30 * 3600, "yesterday")]
    [InlineData(4 * 86400, "4 days ago")]
    [InlineData(40 * 86400, "31 Jan 2026")]
    public void Times_are_said_as_people_say_them(int seconds, string words) => Assert.Equal(words, Wording.Ago(Some.Noon.AddSeconds(-seconds), Some.Noon));

    [Theory]
    [InlineData(null, "unknown")]
    [InlineData(0L, "0 B")]
    [InlineData(2_100_000L, "2.1 MB")]
    [InlineData(31_300_000_000L, "31.3 GB")]
    public void Sizes_have_a_unit_and_the_unknown_has_a_word(long? bytes, string words) => Assert.Equal(words, Wording.Bytes(bytes));
}
