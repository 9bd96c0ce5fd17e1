using Comox.Memory.Ingestion;
using Comox.Memory.Recall;
using Comox.Memory.Sessions;
using Comox.Memory.Storage;
using Comox.ServiceDefaults.Contracts.Memory;
using Comox.ServiceDefaults.Contracts.OpenAI;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace Comox.Memory.Tests;

public sealed class SqliteLateFactTests : LateFactTests
{
    private protected override Task<MemoryHost> StartAsync() => MemoryHost.StartAsync();
}

public sealed class PostgresLateFactTests : LateFactTests
{
    private protected override async Task<MemoryHost> StartAsync() => await MemoryHost.StartAsync(database: await TestDatabase.CreateAsync());
}

/// <summary>Facts that are read, corrected and forgotten long after their turns: recall knows them at once, and reads no session again for it.</summary>
public abstract class LateFactTests
{
    private static readonly string[] Said =
    [
        "I live in Porto.", "I moved to Lyon.", "I no longer live in Lyon.", "I like tea.", "I hate tea.", "My sister is called Ottilie.", "I have a cat called Miso.", "Hello there!",
        "What do you think?", "My name is Mara. I work as a baker.",
    ];

    private static readonly (string Relation, string Object, bool Retracts)[] Read =
        [("lives_in", "Graz", false), ("lives_in", "Lyon", true), ("likes", "tea", false), ("hates", "tea", false), ("named.sister", "Ana", false), ("works_as", "a nurse", false), ("likes", "", true)];

    private protected abstract Task<MemoryHost> StartAsync();

    [Fact]
    public async Task A_fact_that_is_read_of_an_early_turn_is_known_and_none_of_the_turns_is_read_again()
    {
        await using var memory = await StartAsync();
        var transcript = Enumerable.Range(0, 300).SelectMany(at => new[] { new ChatMessage("user", $"The kettle is hot, {at}."), new ChatMessage("assistant", $"Aye, {at}.") });
        var first = (await memory.AskAsync([new("user", "Ana settled in Porto, you know."), .. transcript, new("user", "Well?")])).Value!;
        var early = (await memory.Client.GetTreeAsync(first.Session)).Value!.Turns[0].Id;
        await memory.ReplyAsync(first, "Aye.");
        var (indexes, reads) = (new RecallIndexes(new MemoryOptions()), new CountedReads());
        await using (var db = reads.Open(memory))
            await IndexView.OpenAsync(memory, indexes, db: db);
        Assert.Equal(603, reads.RowsOf("turns"));

        // 1. Read late.
        await AppendAsync(memory, first.Session, Facts(early, [("lives_in", "Porto", false), ("named.sister", "Ana", false)]));
        reads.Clear();
        await using (var db = reads.Open(memory))
            Assert.Equal(["Ana", "Porto"], (await IndexView.OpenAsync(memory, indexes, db: db)).Facts().Select(fact => fact.Object).Order(StringComparer.Ordinal));
        Assert.Equal((0, 2), (reads.RowsOf("turns"), reads.RowsOf("facts")));
        Assert.InRange(reads.Commands, 1, 8);

        // 2. Forgotten, with turns said since.
        await memory.ExchangeAsync("Good night.", "Aye.", first.Session);
        await memory.Http.DeleteAsync($"/memory/subjects/mara/facts/fct_{early[4..]}_000");
        reads.Clear();
        await using (var db = reads.Open(memory))
            Assert.Equal(["Ana"], (await IndexView.OpenAsync(memory, indexes, db: db)).Facts().Select(fact => fact.Object));
        Assert.Equal((2, 1), (reads.RowsOf("turns"), reads.RowsOf("facts")));
        Assert.Equal(await FreshAsync(memory), IndexView.Of(await IndexView.OpenAsync(memory, indexes)));
    }

    [Fact]
    public async Task A_fact_that_ends_one_of_another_session_gives_it_back_when_it_goes_and_neither_session_is_read_again()
    {
        await using var memory = await StartAsync();
        var porto = await memory.ExchangeAsync("I live in Porto.", "Ah.");
        var other = await memory.ExchangeAsync("Hello there!", "Oh.");
        var (indexes, reads) = (new RecallIndexes(new MemoryOptions()), new CountedReads());
        Assert.Equal("Porto", await HomeAsync());
        foreach (var (facts, home) in new[] { (Facts(other.UserTurn, [("lives_in", "Lyon", false)]), "Lyon"), (Facts(other.UserTurn, []), "Porto"), (Facts(other.UserTurn, [("lives_in", "Graz", false)]), "Graz") })
        {
            await AppendAsync(memory, other.Session, facts);
            reads.Clear();
            Assert.Equal(home, await HomeAsync());
            Assert.Equal(0, reads.RowsOf("turns"));
        }

        await memory.Client.DeleteTurnAsync(other.Session, other.UserTurn);
        Assert.Equal("Porto", await HomeAsync());
        await memory.Client.EditTurnAsync(porto.Session, porto.UserTurn, "I live in Oslo.");
        Assert.Equal("Oslo", await HomeAsync());

        async Task<string> HomeAsync()
        {
            await using var db = reads.Open(memory);
            return Assert.Single((await IndexView.OpenAsync(memory, indexes, db: db)).Facts()).Object;
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    public async Task Whatever_happens_to_two_sessions_the_index_answers_as_one_that_is_built_anew(int seed)
    {
        await using var memory = await StartAsync();
        var random = new Random(seed);
        var indexes = new RecallIndexes(new MemoryOptions());
        var sessions = new List<string>();
        for (var step = 0; step < 60; step++)
        {
            await StepAsync(memory, random, sessions);
            if (random.Next(2) == 0)
                Assert.Equal(await FreshAsync(memory), IndexView.Of(await IndexView.OpenAsync(memory, indexes)));
        }
    }

    private static async Task StepAsync(MemoryHost memory, Random random, List<string> sessions)
    {
        if (sessions.Count < 2)
        {
            sessions.Add((await memory.ExchangeAsync(Said[random.Next(Said.Length)], "Aye.")).Session);
            return;
        }

        var session = sessions[random.Next(2)];
        var turns = (await memory.Client.GetTreeAsync(session)).Value!.Turns;
        var any = turns.Count == 0 ? null : turns[random.Next(turns.Count)].Id;
        switch (any is null ? 9 : random.Next(10))
        {
            case <= 3:
                await AppendAsync(memory, session, Facts(any!, [.. Enumerable.Range(0, random.Next(3)).Select(_ => Read[random.Next(Read.Length)])]));
                break;
            case 4:
                var facts = await memory.FactsAsync();
                if (facts.Count > 0)
                    await memory.Http.DeleteAsync($"/memory/subjects/mara/facts/{facts[random.Next(facts.Count)].Id}");
                break;
            case 5:
                await memory.Client.EditTurnAsync(session, any!, Said[random.Next(Said.Length)]);
                break;
            case 6:
                Assert.True((await memory.Client.MoveHeadAsync(session, new HeadChoice(any!, random.Next(2) == 0))).IsSuccess);
                break;
            case 7 when random.Next(2) == 0:
                Assert.True((await memory.Client.DeleteTurnAsync(session, any!, random.Next(4) == 0)).IsSuccess);
                break;
            default:
                await memory.ExchangeAsync(Said[random.Next(Said.Length)], "Aye, so it is.", session);
                break;
        }
    }

    private static FactsRead Facts(string turn, IEnumerable<(string Relation, string Object, bool Retracts)> facts) =>
        new(turn, "reader", [.. facts.Select((fact, at) => new ReadFact(TurnFacts.Id(turn, at), fact.Relation, fact.Object, fact.Retracts, 0, ""))]);

    /// <summary>As the worker does it that asks a model.</summary>
    private static async Task AppendAsync(MemoryHost memory, string session, SessionEvent entry)
    {
        await using var db = memory.Services.GetRequiredService<MemoryDbFactory>().Open();
        var owner = await db.Sessions.AsNoTracking().SingleAsync(row => row.Id == session);
        using var held = await memory.Services.GetRequiredService<ConversationLocks>().TakeAsync(db, owner.Subject, owner.CharacterId, TestContext.Current.CancellationToken);
        var log = new SessionLog(db, await db.Sessions.SingleAsync(row => row.Id == session), TimeProvider.System);
        await log.AppendAsync(TestContext.Current.CancellationToken, entry);
        await log.SettleAsync(TestContext.Current.CancellationToken);
        await db.SaveChangesAsync(TestContext.Current.CancellationToken);
    }

    private static async Task<string> FreshAsync(MemoryHost memory) => IndexView.Of(await IndexView.OpenAsync(memory, new RecallIndexes(new MemoryOptions())));
}
