using Comox.ServiceDefaults.Contracts.Memory;
using Microsoft.Extensions.Time.Testing;

namespace Comox.Memory.Tests.Pains;

/// <summary>Pain 9: wrong dates. Wednesday, 11 March 2026, late in the evening in Honolulu, where it is not yet the day that it is in Greenwich.</summary>
public sealed class WrongDateTests
{
    private static readonly DateTimeOffset Now = new(2026, 3, 12, 8, 0, 0, TimeSpan.Zero);
    private static readonly TimeZoneInfo Zone = TimeZoneInfo.CreateCustomTimeZone("test", TimeSpan.FromHours(-10), "test", "test");

    [Theory]
    [InlineData("I moved to Lyon last week.", "Lyon", "2026-03-02")]
    [InlineData("Last week I moved to Lyon.", "Lyon", "2026-03-02")]
    [InlineData("I moved to Lyon yesterday!", "Lyon", "2026-03-10")]
    [InlineData("I moved to Lyon in 2019.", "Lyon", "2019-01-01")]
    [InlineData("In 2019, I moved to Lyon.", "Lyon", "2019-01-01")]
    [InlineData("I moved to Lyon in May 2021.", "Lyon", "2021-05-01")]
    [InlineData("I moved to Lyon two years ago.", "Lyon", "2024-01-01")]
    [InlineData("I have lived in Graz since 2019.", "Graz", "2019-01-01")]
    [InlineData("I've been living in Graz since May.", "Graz", "2025-05-01")]
    [InlineData("I have lived in Graz for three years.", "Graz", "2023-01-01")]
    [InlineData("I live in Graz since 2019 and I like tea.", "Graz", "2019-01-01")]
    [InlineData("I have worked as a nurse since 2019.", "a nurse", "2019-01-01")]
    [InlineData("I've been a nurse since last year.", "a nurse", "2025-01-01")]
    [InlineData("I became a nurse last month.", "a nurse", "2026-02-01")]
    [InlineData("I like tea. I moved to Lyon in 2019.", "tea", null)]
    [InlineData("I live in Lyon, and last week it rained.", "Lyon", null)]
    [InlineData("I live in Lyon.", "Lyon", null)]
    [InlineData("My birthday is in May.", "May", null)]
    [InlineData("My favourite year is 1984.", "1984", null)]
    public async Task A_fact_is_true_since_its_words_say_reckoned_from_when_they_were_said_in_the_persons_calendar(string said, string value, string? since)
    {
        await using var memory = await StartAsync();
        await memory.SayAsync(said);
        var fact = Assert.Single(await memory.FactsAsync(), fact => fact.Object == value);
        Assert.Equal(since is null ? Now : Day(since), fact.ValidFrom);
        Assert.Null(fact.ValidTo);
    }

    [Theory]
    [InlineData("I lived in Porto until 2020.", "Porto", "2019-01-01", "2020-01-01")]
    [InlineData("I lived in Porto from 2015 to 2020.", "Porto", "2015-01-01", "2020-01-01")]
    [InlineData("I lived in Porto between 2015 and 2018.", "Porto", "2015-01-01", "2018-01-01")]
    [InlineData("I used to live in Porto in 2015.", "Porto", "2015-01-01", "2016-01-01")]
    [InlineData("I worked as a nurse until last year.", "a nurse", "2024-01-01", "2025-01-01")]
    [InlineData("I was a nurse until 2020.", "a nurse", "2019-01-01", "2020-01-01")]
    public async Task What_is_told_as_over_is_a_fact_of_the_past_that_neither_ends_nor_replaces_what_is_so_today(string said, string value, string from, string to)
    {
        await using var memory = await StartAsync();
        var first = await memory.ExchangeAsync("I live in Lyon. I work as a baker.", "Ah.");
        await memory.ExchangeAsync(said, "Oh.", first.Session);
        Assert.Equal(["Lyon", "a baker"], (await memory.FactsAsync()).Select(fact => fact.Object).Order(StringComparer.Ordinal));

        var past = Assert.Single(await ListAsync(memory, "expired=true"), fact => fact.Object == value);
        Assert.Equal((Day(from), Day(to)), (past.ValidFrom, past.ValidTo));
        Assert.Null(past.ExpiredBy);
        Assert.Contains(await ListAsync(memory, $"valid_at={Uri.EscapeDataString(Day(to).AddDays(-30).ToString("O"))}"), fact => fact.Object == value);

        var asked = await memory.SayAsync("Where do I live, and what is my job?");
        Assert.DoesNotContain((await memory.ReceiptAsync(asked)).Recalled, item => item.Kind == "fact" && item.Text.Contains(value, StringComparison.Ordinal));
        Assert.DoesNotContain((await memory.Client.GetGraphAsync("mara", "brine", null, 2)).Value!.Edges, edge => edge.To == value);
    }

    [Fact]
    public async Task A_state_that_is_over_without_a_date_was_over_when_it_was_told()
    {
        await using var memory = await StartAsync();
        await memory.SayAsync("I used to live in Porto.");
        Assert.Empty(await memory.FactsAsync());
        Assert.Equal(Now, Assert.Single(await ListAsync(memory, "expired=true")).ValidTo);
    }

    [Fact]
    public async Task What_replaces_a_fact_ends_it_when_the_change_was_and_not_when_it_was_told()
    {
        var clock = Clock();
        await using var memory = await MemoryHost.StartAsync(time: clock);
        var first = await memory.ExchangeAsync("I have lived in Porto since 2019.", "Ah.");
        clock.Advance(TimeSpan.FromDays(60));
        await memory.ExchangeAsync("I moved to Lyon last month.", "Oh.", first.Session);
        var porto = Assert.Single(await ListAsync(memory, "expired=true"), fact => fact.Object == "Porto");
        Assert.Equal((Day("2019-01-01"), Day("2026-04-01")), (porto.ValidFrom, porto.ValidTo));
    }

    [Fact]
    public async Task A_models_facts_are_dated_by_the_same_rules_from_the_sentence_of_their_quote()
    {
        await using var gateway = await StrictGateway.StartAsync(_ =>
            """
            {"facts":[{"turn":1,"about":"Ana","relation":"lives_in","object":"Porto","quote":"Ana settled in Porto","retracts":false},
            {"turn":1,"about":"Bea","relation":"lives_in","object":"Graz","quote":"Bea lived in Graz","retracts":false},
            {"turn":1,"about":"Cid","relation":"lives_in","object":"Lyon","quote":"Cid is in Lyon","retracts":false}]}
            """);
        await using var memory = await MemoryHost.StartAsync(settings: gateway.Settings(("Extract", "reader")), time: new LocalTime());
        await memory.SayAsync("You know, Ana settled in Porto in 2019. Bea lived in Graz until 2020. Cid is in Lyon.");
        await memory.SettledAsync("extract");
        var facts = await ListAsync(memory, "expired=true");
        Assert.Equal(Day("2019-01-01"), facts.Single(fact => fact.About == "Ana").ValidFrom);
        Assert.Equal((Day("2019-01-01"), Day("2020-01-01")), (facts.Single(fact => fact.About == "Bea").ValidFrom, facts.Single(fact => fact.About == "Bea").ValidTo));
        Assert.Equal(["Ana", "Cid"], (await memory.FactsAsync()).Select(fact => fact.About).Order(StringComparer.Ordinal));
        Assert.Equal(facts.Single(fact => fact.About == "Cid").Source.SaidAt, facts.Single(fact => fact.About == "Cid").ValidFrom);
    }

    private static DateTimeOffset Day(string day) => new(DateTime.Parse(day, System.Globalization.CultureInfo.InvariantCulture), Zone.BaseUtcOffset);

    private static FakeTimeProvider Clock()
    {
        var clock = new FakeTimeProvider(Now);
        clock.SetLocalTimeZone(Zone);
        return clock;
    }

    private static Task<MemoryHost> StartAsync() => MemoryHost.StartAsync(time: Clock());

    private static async Task<IReadOnlyList<FactView>> ListAsync(MemoryHost memory, string query)
    {
        await using var answer = await memory.Http.GetStreamAsync($"/memory/subjects/mara/facts?{query}");
        return (await System.Text.Json.JsonSerializer.DeserializeAsync(answer, MemoryJson.Default.FactList))!.Data;
    }

    /// <summary>The real clock, so that the background goes on, in the person's zone.</summary>
    private sealed class LocalTime : TimeProvider
    {
        public override TimeZoneInfo LocalTimeZone => Zone;
    }
}
