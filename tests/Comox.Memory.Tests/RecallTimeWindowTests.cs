using System.Globalization;
using Comox.Memory.Recall;

namespace Comox.Memory.Tests;

public sealed class RecallTimeWindowTests
{
    // A Wednesday.
    private static readonly DateTimeOffset Now = new(2026, 7, 15, 10, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData("What did we do yesterday?", "2026-07-14", "2026-07-15")]
    [InlineData("What did I eat today?", "2026-07-15", "2026-07-16")]
    [InlineData("Where were you last night?", "2026-07-14", "2026-07-15")]
    [InlineData("Whom did I meet last week?", "2026-07-06", "2026-07-13")]
    [InlineData("What was on last weekend?", "2026-07-11", "2026-07-13")]
    [InlineData("What happened last month?", "2026-06-01", "2026-07-01")]
    [InlineData("What happened this month?", "2026-07-01", "2026-08-01")]
    [InlineData("Where did I travel last year?", "2025-01-01", "2026-01-01")]
    [InlineData("Where did I travel last summer?", "2025-06-01", "2025-09-01")]
    [InlineData("Where did I travel last winter?", "2025-12-01", "2026-03-01")]
    [InlineData("What did I say last Tuesday?", "2026-07-14", "2026-07-15")]
    [InlineData("What did I say last Wednesday?", "2026-07-08", "2026-07-09")]
    [InlineData("What did I say on Monday?", "2026-07-13", "2026-07-14")]
    [InlineData("What did I say three days ago?", "2026-07-12", "2026-07-13")]
    [InlineData("What did I say 2 weeks ago?", "2026-06-28", "2026-07-05")]
    [InlineData("What did I say a year ago?", "2025-01-01", "2026-01-01")]
    [InlineData("What did we do in May 2023?", "2023-05-01", "2023-06-01")]
    [InlineData("What did we do in May?", "2026-05-01", "2026-06-01")]
    [InlineData("What did we do in November?", "2025-11-01", "2025-12-01")]
    [InlineData("What did we do in late May 2023?", "2023-05-21", "2023-06-01")]
    [InlineData("What did we do on 8 May, 2023?", "2023-05-08", "2023-05-09")]
    [InlineData("What did we do on the 8th of May?", "2026-05-08", "2026-05-09")]
    [InlineData("What did we do on May 8th, 2023?", "2023-05-08", "2023-05-09")]
    [InlineData("What did we do on 2023-05-08?", "2023-05-08", "2023-05-09")]
    [InlineData("What did we do in 2022?", "2022-01-01", "2023-01-01")]
    public void A_message_names_a_time(string message, string from, string to)
    {
        var window = TimeWindows.Find(Terms.Words(message), Now, TimeZoneInfo.Utc);
        Assert.NotNull(window);
        Assert.Equal((from, to), (Day(window.From), Day(window.To)));
    }

    [Theory]
    [InlineData("May I ask you something?")]
    [InlineData("You may march on.")]
    [InlineData("Do you remember Jan and Mar?")]
    [InlineData("My last name is Weekes.")]
    [InlineData("")]
    public void Words_that_look_like_a_time_and_are_none_name_none(string message) =>
        Assert.Null(TimeWindows.Find(Terms.Words(message), Now, TimeZoneInfo.Utc));

    [Fact]
    public void A_day_begins_when_it_does_where_the_person_is()
    {
        var zone = TimeZoneInfo.CreateCustomTimeZone("East", TimeSpan.FromHours(10), "East", "East");
        var window = TimeWindows.Find(["yesterday"], new DateTimeOffset(2026, 7, 14, 20, 0, 0, TimeSpan.Zero), zone)!;
        Assert.Equal(new DateTimeOffset(2026, 7, 13, 14, 0, 0, TimeSpan.Zero), window.From.ToUniversalTime());
        Assert.Equal(TimeSpan.FromDays(1), window.To - window.From);
    }

    [Fact]
    public void The_most_exact_of_several_times_counts() =>
        Assert.Equal("8 may 2023", TimeWindows.Find(Terms.Words("In 2023, what did we do on 8 May 2023?"), Now, TimeZoneInfo.Utc)!.Words);

    [FsCheck.Xunit.Property(MaxTest = 500)]
    public void No_words_make_the_reader_fail(string[] words)
    {
        string[] known = ["last", "may", "8", "31", "february", "2023", "0000", "9999", "ago", "months", "a", "this", "on", "monday", "of", "12", "99", "year"];
        var message = (words ?? []).SelectMany((word, at) => new[] { word ?? "", known[(at + (word?.Length ?? 0)) % known.Length], known[((at * 7) + 3) % known.Length] }).ToList();
        var window = TimeWindows.Find(message, Now, TimeZoneInfo.Utc);
        Assert.True(window is null || window.From < window.To);
    }

    [Fact]
    public void Turns_said_in_the_time_a_message_names_come_first()
    {
        var index = new RecallIndex();
        foreach (var month in new[] { 1, 3, 5 })
            index.Append(new RecallTurn($"m{month}", $"s{month}", "user", "I went hiking with Anton.", new DateTimeOffset(2026, month, 20, 9, 0, 0, TimeSpan.Zero)) { Speaker = "mara" });
        var found = index.Search(new RecallQuery { Text = "Did I go hiking in March?", At = Now, Asker = "mara" }, 5);
        Assert.Equal("m3", found.Turns[0].Turn.Id);
        Assert.True(found.Turns[0].Lanes.Window > 0);
        Assert.Equal((Intent.Temporal, "march"), (found.Intent, found.Window!.Words));
    }

    [Fact]
    public void A_message_that_names_nothing_but_a_time_recalls_what_was_said_then()
    {
        var index = new RecallIndex();
        index.Append(new RecallTurn("old", "s1", "user", "The kettle is hot.", Now.AddDays(-40)) { Speaker = "mara" });
        index.Append(new RecallTurn("new", "s2", "user", "The orchid is white.", Now.AddDays(-1)) { Speaker = "mara" });
        Assert.Equal(["new"], index.Search(new RecallQuery { Text = "What was it yesterday?", At = Now, Asker = "mara" }, 5).Turns.Select(turn => turn.Turn.Id));
    }

    private static string Day(DateTimeOffset time) => time.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
}
