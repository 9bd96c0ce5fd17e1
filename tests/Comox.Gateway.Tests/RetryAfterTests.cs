using Comox.Gateway.Forwarding;

namespace Comox.Gateway.Tests;

public sealed class RetryAfterTests
{
    // RFC 9110's own example of a date, in its three spellings.
    private static readonly DateTimeOffset Now = new(1994, 11, 6, 8, 49, 7, TimeSpan.Zero);

    [Theory]
    [InlineData("0", 0)]
    [InlineData("120", 120)]
    [InlineData("1.2", 2)]
    [InlineData("99999999999999999999", int.MaxValue)]
    [InlineData("Sun, 06 Nov 1994 08:49:37 GMT", 30)]
    [InlineData("Sunday, 06-Nov-94 08:49:37 GMT", 30)]
    [InlineData("Sun Nov  6 08:49:37 1994", 30)]
    [InlineData("Sun, 06 Nov 1994 08:49:07 GMT", 0)]
    [InlineData("Fri, 01 Jan 1988 00:00:00 GMT", 0)]
    [InlineData("Fri, 31 Dec 9999 23:59:59 GMT", int.MaxValue)]
    public void Seconds_and_dates_are_seconds_from_now(string value, int seconds) => Assert.Equal(seconds, RetryAfter.SecondsOf(value, Now));

    [Fact]
    public void A_part_of_a_second_is_a_second() =>
        Assert.Equal(30, RetryAfter.SecondsOf("Sun, 06 Nov 1994 08:49:37 GMT", Now.AddMilliseconds(300)));

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("-1")]
    [InlineData("soon")]
    [InlineData("NaN")]
    public void What_makes_no_sense_is_nothing(string? value) => Assert.Null(RetryAfter.SecondsOf(value, Now));
}
