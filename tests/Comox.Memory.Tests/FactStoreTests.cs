using Comox.Memory.Sessions;
using Comox.Memory.Storage;
using Comox.ServiceDefaults.Contracts.Memory;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;

namespace Comox.Memory.Tests;

public sealed class SqliteFactStoreTests : FactStoreTests
{
    private protected override Task<MemoryHost> StartAsync(TimeProvider? time) => MemoryHost.StartAsync(time: time);
}

public sealed class PostgresFactStoreTests : FactStoreTests
{
    private protected override async Task<MemoryHost> StartAsync(TimeProvider? time) => await MemoryHost.StartAsync(database: await TestDatabase.CreateAsync(), time: time);
}

/// <summary>Facts with their two clocks, and the graph of them, on every database.</summary>
public abstract class FactStoreTests
{
    private static readonly DateTimeOffset March = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    private protected abstract Task<MemoryHost> StartAsync(TimeProvider? time = null);

    [Fact]
    public async Task What_was_true_and_what_was_known_at_a_time_are_two_questions()
    {
        var clock = new FakeTimeProvider(March);
        await using var memory = await StartAsync(clock);
        var first = await memory.ExchangeAsync("I live in Porto.", "Ah.");
        clock.Advance(TimeSpan.FromDays(30));
        await memory.ExchangeAsync("I moved to Lyon.", "Oh.", first.Session);

        Assert.Equal(["Lyon"], await ObjectsAsync(memory, ""));
        Assert.Equal(["Porto"], await ObjectsAsync(memory, $"valid_at={Time(10)}"));
        Assert.Equal(["Porto"], await ObjectsAsync(memory, $"known_at={Time(10)}"));
        Assert.Empty(await ObjectsAsync(memory, $"known_at={Time(-1)}"));
        // In March nobody knew that they would move: seen from then, Porto was to last.
        Assert.Equal(["Porto"], await ObjectsAsync(memory, $"valid_at={Time(60)}&known_at={Time(10)}"));

        var all = await FactsAsync(memory, "expired=true");
        var (lyon, porto) = (all[0], all[1]);
        Assert.Equal((lyon.Id, March.AddDays(30), March.AddDays(30)), (porto.ExpiredBy, porto.ExpiredAt, porto.ValidTo));
        Assert.Equal((March, "asserted"), (porto.ValidFrom, porto.Epistemic));
        Assert.Null(lyon.ExpiredBy);
    }

    [Fact]
    public async Task A_thing_said_again_stays_true_and_the_newer_saying_stands_for_both()
    {
        await using var memory = await StartAsync();
        var first = await memory.ExchangeAsync("I like green tea.", "Ah.");
        await memory.ExchangeAsync("I like green tea.", "Again?", first.Session);
        Assert.Single(await FactsAsync(memory, ""));
        Assert.Single(await FactsAsync(memory, $"valid_at={Uri.EscapeDataString(TimeProvider.System.GetUtcNow().AddMinutes(1).ToString("O"))}"));
        var all = await FactsAsync(memory, "expired=true");
        Assert.Equal(2, all.Count);
        Assert.Null(all[1].ValidTo);
        Assert.Equal(all[0].Id, all[1].ExpiredBy);
    }

    [Fact]
    public async Task A_thing_said_again_is_true_since_it_was_first_told_of()
    {
        await using var memory = await StartAsync();
        var first = await memory.ExchangeAsync("I have lived in Porto since 2019.", "Ah.");
        await memory.ExchangeAsync("I live in Porto.", "Again?", first.Session);
        Assert.Equal(2019, Assert.Single(await FactsAsync(memory, "valid_at=2021-06-01T00:00:00Z")).ValidFrom?.Year);
        await memory.ExchangeAsync("I moved to Lyon.", "Oh.", first.Session);
        Assert.Equal("Porto", Assert.Single(await FactsAsync(memory, "valid_at=2021-06-01T00:00:00Z")).Object);
    }

    [Fact]
    public async Task Who_says_it_again_with_another_time_puts_the_time_right()
    {
        await using var memory = await StartAsync();
        var first = await memory.ExchangeAsync("I have lived in Porto since 2019.", "Ah.");
        await memory.ExchangeAsync("I have lived in Porto since 2021.", "Again?", first.Session);
        Assert.Equal(2021, Assert.Single(await memory.FactsAsync()).ValidFrom?.Year);
    }

    [Fact]
    public async Task A_forgotten_fact_is_gone_and_what_it_had_ended_holds_again()
    {
        await using var memory = await StartAsync();
        var first = await memory.ExchangeAsync("I live in Porto.", "Ah.");
        await memory.ExchangeAsync("I moved to Lyon.", "Oh.", first.Session);
        Assert.Null(await memory.Client.ForgetFactAsync("mara", (await memory.FactsAsync())[0].Id));
        Assert.Equal("Porto", Assert.Single(await memory.FactsAsync()).Object);
        Assert.Equal(4, (await memory.LineAsync(first.Session)).Count);
        await memory.SettledAsync();
        var whole = await ProjectionDump.OfAsync(memory);
        await memory.Client.ReplaySessionAsync(first.Session);
        Assert.Equal(whole, await ProjectionDump.OfAsync(memory));
        Assert.Equal("fact_not_found", (await memory.Client.ForgetFactAsync("mara", "fct_none"))!.Code);
        Assert.Equal("fact_not_found", (await memory.Client.ForgetFactAsync("bea", (await memory.FactsAsync())[0].Id))!.Code);
    }

    /// <summary>Whether it is edited here or in the client's transcript: what was forgotten stays so while its words stay, and is learned anew when it is said anew.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_forgotten_fact_does_not_come_back_when_other_words_of_its_message_are_edited(bool byClient)
    {
        await using var memory = await StartAsync();
        var told = await memory.ExchangeAsync("I live in Porto and I work as a baker.", "Ah.");
        Assert.Null(await memory.Client.ForgetFactAsync("mara", (await memory.FactsAsync()).Single(fact => fact.Object == "Porto").Id));

        await EditAsync("I live in Porto and I work as a cook.");
        Assert.Equal(["a cook"], (await memory.FactsAsync()).Select(fact => fact.Object));
        await EditAsync("I live in Porto and I work as a tailor.");
        Assert.Equal(["a tailor"], (await memory.FactsAsync()).Select(fact => fact.Object));
        await memory.SettledAsync();
        var whole = await ProjectionDump.OfAsync(memory);
        await memory.Client.ReplaySessionAsync(told.Session);
        Assert.Equal(whole, await ProjectionDump.OfAsync(memory));

        await memory.ExchangeAsync("I live in Porto, and that you may know.", "Ah.", told.Session);
        Assert.Contains(await memory.FactsAsync(), fact => fact.Object == "Porto");

        async Task EditAsync(string text)
        {
            if (byClient)
                Assert.True((await memory.AskAsync([new("user", text)], told.Session, whole: true)).IsSuccess);
            else
                Assert.True((await memory.Client.EditTurnAsync(told.Session, told.UserTurn, text)).IsSuccess);
        }
    }

    [Fact]
    public async Task A_fact_that_was_said_twice_is_forgotten_once()
    {
        await using var memory = await StartAsync();
        var first = await memory.ExchangeAsync("I live in Porto.", "Ah.");
        await memory.ExchangeAsync("I moved to Lyon.", "Oh.", first.Session);
        await memory.ExchangeAsync("I live in Lyon.", "So.");
        await memory.ExchangeAsync("I live in Lyon, you know.", "I do.");
        var listed = Assert.Single(await memory.FactsAsync());
        Assert.Equal("Lyon", listed.Object);
        Assert.Null(await memory.Client.ForgetFactAsync("mara", listed.Id));
        Assert.Equal("Porto", Assert.Single(await memory.FactsAsync()).Object);
        Assert.DoesNotContain("Mara lives in Lyon", (await memory.SayAsync("Where do I live?")).Messages[^1].Content);
    }

    [Fact]
    public async Task The_graph_is_walked_over_names_and_not_through_the_person()
    {
        await using var memory = await StartAsync();
        await TellAsync(memory, "mara", (null, "named.sister", "Ana"), ("Ana", "lives_in", "Porto"), ("Porto", "lies_in", "Portugal"), ("Portugal", "borders", "Spain"), (null, "likes", "tea"));

        Assert.Equal(["1 -named.sister-> Ana", "1 Ana -lives_in-> Porto"], await EdgesAsync(memory, "mara", "ana", 1));
        Assert.Equal(["1 -named.sister-> Ana", "1 Ana -lives_in-> Porto", "2 Porto -lies_in-> Portugal"], await EdgesAsync(memory, "mara", "ANA", 2));
        Assert.Equal(4, (await EdgesAsync(memory, "mara", "Ana", 3)).Count);
        Assert.Equal(["1 -likes-> tea", "1 -named.sister-> Ana"], await EdgesAsync(memory, "mara", null, 1));
        Assert.Equal(["1 -likes-> tea", "1 -named.sister-> Ana", "2 Ana -lives_in-> Porto"], await EdgesAsync(memory, "mara", null, 2));
        Assert.Empty(await EdgesAsync(memory, "mara", "nobody", 3));
        Assert.Equal("invalid_request", (await memory.Client.GetGraphAsync("mara", "brine", "Ana", 9)).Error!.Code);
        Assert.Equal("character_not_found", (await memory.Client.GetGraphAsync("mara", "nobody", "Ana")).Error!.Code);
    }

    [Fact]
    public async Task Two_persons_Annas_are_two_and_a_circle_ends()
    {
        await using var memory = await StartAsync();
        await TellAsync(memory, "mara", ("Anna", "lives_in", "Porto"), ("Porto", "reminds_of", "Lyon"), ("Lyon", "reminds_of", "Porto"));
        await TellAsync(memory, "bea", ("Anna", "lives_in", "Graz"));
        Assert.Equal(["1 Anna -lives_in-> Graz"], await EdgesAsync(memory, "bea", "anna", 6));
        Assert.Equal(3, (await EdgesAsync(memory, "mara", "anna", 6)).Count);
        await using var db = memory.Services.GetRequiredService<MemoryDbFactory>().Open();
        Assert.Equal(2, await db.Entities.CountAsync(row => row.Name == "anna"));
    }

    [Fact]
    public async Task A_superseded_fact_leaves_the_graph_and_comes_back_with_the_deletion_of_its_end()
    {
        await using var memory = await StartAsync();
        var first = await memory.ExchangeAsync("I live in Porto.", "Ah.");
        var second = await memory.ExchangeAsync("I moved to Lyon.", "Oh.", first.Session);
        Assert.Equal(["1 -lives_in-> Lyon"], await EdgesAsync(memory, "mara", null, 2));
        await memory.Client.DeleteTurnAsync(first.Session, second.UserTurn);
        Assert.Equal(["1 -lives_in-> Porto"], await EdgesAsync(memory, "mara", null, 2));
        await using var db = memory.Services.GetRequiredService<MemoryDbFactory>().Open();
        Assert.Equal(["", "porto"], await db.Entities.Select(row => row.Name).OrderBy(name => name).ToListAsync());
    }

    [Fact]
    public async Task A_time_that_is_none_is_refused_by_its_name()
    {
        await using var memory = await StartAsync();
        using var answer = await memory.Http.GetAsync("/memory/subjects/mara/facts?valid_at=yesterday");
        var body = await answer.Content.ReadAsStringAsync();
        Assert.Equal(System.Net.HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.Contains("invalid_request", body);
        Assert.Contains("valid_at", body);
    }

    private static string Time(int days) => Uri.EscapeDataString(March.AddDays(days).ToString("O"));

    private static async Task<IReadOnlyList<string>> ObjectsAsync(MemoryHost memory, string query) => [.. (await FactsAsync(memory, query)).Select(fact => fact.Object)];

    private static async Task<IReadOnlyList<FactView>> FactsAsync(MemoryHost memory, string query)
    {
        await using var answer = await memory.Http.GetStreamAsync($"/memory/subjects/mara/facts?{query}");
        return (await System.Text.Json.JsonSerializer.DeserializeAsync(answer, MemoryJson.Default.FactList))!.Data;
    }

    private static async Task<IReadOnlyList<string>> EdgesAsync(MemoryHost memory, string subject, string? entity, int hops) =>
        [.. (await memory.Client.GetGraphAsync(subject, "brine", entity, hops)).Value!.Edges.Select(edge => $"{edge.Hops} {edge.From} -{edge.Relation}-> {edge.To}".Replace("  ", " ", StringComparison.Ordinal)).Order(StringComparer.Ordinal)];

    /// <summary>Facts as a model may have read them, in a turn of their own.</summary>
    private static async Task TellAsync(MemoryHost memory, string subject, params (string? About, string Relation, string Object)[] facts)
    {
        var said = await memory.SayAsync("Well, well.", subject: subject);
        await using var db = memory.Services.GetRequiredService<MemoryDbFactory>().Open();
        var log = new SessionLog(db, await db.Sessions.FirstAsync(row => row.Id == said.Session), TimeProvider.System);
        await log.AppendAsync(
            TestContext.Current.CancellationToken,
            new FactsRead(said.UserTurn, "test", [.. facts.Select((fact, at) => new ReadFact($"fct_{said.UserTurn}_{at:D3}", fact.Relation, fact.Object, false, 0, "Well", fact.About))]));
        await log.SettleAsync(TestContext.Current.CancellationToken);
        await db.SaveChangesAsync();
    }
}
