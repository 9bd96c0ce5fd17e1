using Comox.Memory.Storage;
using Comox.ServiceDefaults.Contracts.Memory;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace Comox.Memory.Tests.Pains;

public sealed class SqliteLostUpdateTests : LostUpdateTests
{
    private protected override Task<MemoryHost> StartAsync() => MemoryHost.StartAsync();
}

public sealed class PostgresLostUpdateTests : LostUpdateTests
{
    private protected override async Task<MemoryHost> StartAsync() => await MemoryHost.StartAsync(database: await TestDatabase.CreateAsync());

    [Fact]
    public async Task Two_processes_on_one_database_lose_and_double_nothing_and_agree_on_what_holds()
    {
        var database = await TestDatabase.CreateAsync();
        await using var one = await MemoryHost.StartAsync(database: database);
        await using var two = await MemoryHost.StartAsync(settings: new() { ["ConnectionStrings:comoxdb"] = database.ConnectionString });
        var sessions = new[] { await NewAsync(one), await NewAsync(one) };
        var said = await WriteAsync(sessions, number => number % 2 == 0 ? one : two, 40);
        await CheckAsync(one, sessions, said);
        Assert.Equal(Texts(await one.FactsAsync()), Texts(await two.FactsAsync()));
    }

    [Fact]
    public async Task Opposite_words_at_once_in_two_processes_leave_what_a_replay_leaves()
    {
        var database = await TestDatabase.CreateAsync();
        await using var one = await MemoryHost.StartAsync(database: database);
        await using var two = await MemoryHost.StartAsync(settings: new() { ["ConnectionStrings:comoxdb"] = database.ConnectionString });
        var (first, second) = (await NewAsync(one), await NewAsync(one));
        // Nothing but the facts' meaning for each other is shared: no row that both would write.
        string[] kinds = ["colour", "food", "book", "film", "song", "sport", "flower", "animal", "town", "season", "game", "tree"];
        await one.SayAsync("I like tea.", first);
        foreach (var kind in kinds)
            await Task.WhenAll(one.SayAsync($"My favourite {kind} is old {kind}.", first), two.SayAsync($"My favourite {kind} is new {kind}.", second));
        await one.SettledAsync();
        var built = await ProjectionDump.OfAsync(one);
        Assert.True((await one.Client.ReplaySessionAsync(first)).IsSuccess);
        Assert.True((await one.Client.ReplaySessionAsync(second)).IsSuccess);
        Assert.Equal(built, await ProjectionDump.OfAsync(one));
        Assert.Equal(kinds.Length + 1, (await two.FactsAsync()).Count);
    }

    [Fact]
    public async Task One_session_in_two_processes_at_once_loses_and_doubles_nothing()
    {
        var database = await TestDatabase.CreateAsync();
        await using var one = await MemoryHost.StartAsync(database: database);
        await using var two = await MemoryHost.StartAsync(settings: new() { ["ConnectionStrings:comoxdb"] = database.ConnectionString });
        var session = await NewAsync(one);
        var said = await WriteAsync([session], number => number % 2 == 0 ? one : two, 20);
        await CheckAsync(one, [session], said);
    }
}

/// <summary>Pain 8: updates that are lost or doubled when several write at once.</summary>
public abstract class LostUpdateTests
{
    private static readonly string[] Towns = ["Porto", "Lyon", "Graz", "Brest", "Genoa"];

    private protected abstract Task<MemoryHost> StartAsync();

    [Fact]
    public async Task Twenty_writers_at_once_in_one_session_lose_and_double_nothing()
    {
        await using var memory = await StartAsync();
        var session = await NewAsync(memory);
        await CheckAsync(memory, [session], await WriteAsync([session], _ => memory, 20));
    }

    [Fact]
    public async Task Twenty_writers_at_once_in_two_sessions_of_one_person_lose_and_double_nothing()
    {
        await using var memory = await StartAsync();
        var sessions = new[] { await NewAsync(memory), await NewAsync(memory) };
        await CheckAsync(memory, sessions, await WriteAsync(sessions, _ => memory, 20));
    }

    private protected static async Task<string> NewAsync(MemoryHost memory) => (await memory.Client.CreateSessionAsync(new NewSession("brine", "mara"))).Value!.Id;

    /// <summary>All at once: each says something that ends what another has said, and has it answered.</summary>
    private protected static async Task<IReadOnlyList<(string Session, string Line)>> WriteAsync(IReadOnlyList<string> sessions, Func<int, MemoryHost> through, int writers)
    {
        var said = await Task.WhenAll(Enumerable.Range(0, writers).Select(async number =>
        {
            var (session, host) = (sessions[number / 2 % sessions.Count], through(number));
            var message = $"I moved to {Towns[number % Towns.Length]}. I like thing{number}. My cat is called Pixel{number}.";
            var prompt = await host.SayAsync(message, session);
            await host.ReplyAsync(prompt, $"Reply {number}.");
            return new[] { (session, $"user: {message}"), (session, $"assistant: Reply {number}.") };
        }));
        return [.. said.SelectMany(lines => lines)];
    }

    private protected static async Task CheckAsync(MemoryHost memory, IReadOnlyList<string> sessions, IReadOnlyList<(string Session, string Line)> said)
    {
        await memory.SettledAsync();
        foreach (var session in sessions)
        {
            var line = (await memory.LineAsync(session)).Skip(1).ToList();
            Assert.Equal(said.Where(told => told.Session == session).Select(told => told.Line).Order(StringComparer.Ordinal), line.Order(StringComparer.Ordinal));
        }

        await using (var db = memory.Services.GetRequiredService<MemoryDbFactory>().Open())
        {
            foreach (var session in await db.Sessions.AsNoTracking().ToListAsync())
            {
                var numbers = await db.Events.Where(row => row.SessionId == session.Id).OrderBy(row => row.Number).Select(row => row.Number).ToListAsync();
                Assert.Equal(Enumerable.Range(1, session.Version), numbers);
            }

            Assert.Equal(1, await db.Relations.CountAsync(edge => edge.Relation == "lives_in"));
            Assert.Equal(1, await db.Facts.CountAsync(fact => fact.Relation == "lives_in" && fact.Live && fact.ExpiredBy == null));
        }

        Assert.Single(await memory.FactsAsync(), fact => fact.Relation == "lives_in");
        Assert.Equal(said.Count / 2, (await memory.FactsAsync()).Count(fact => fact.Relation == "likes"));
        var built = await ProjectionDump.OfAsync(memory);
        foreach (var session in sessions)
            Assert.True((await memory.Client.ReplaySessionAsync(session)).IsSuccess);
        Assert.Equal(built, await ProjectionDump.OfAsync(memory));
    }

    private protected static IEnumerable<string> Texts(IEnumerable<FactView> facts) => facts.Select(fact => fact.Text).Order(StringComparer.Ordinal);
}
