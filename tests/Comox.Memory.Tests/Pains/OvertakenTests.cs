using Comox.Memory.Sessions;
using Comox.Memory.Storage;
using Comox.ServiceDefaults.Contracts.Memory;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace Comox.Memory.Tests.Pains;

/// <summary>Several processes on one PostgreSQL: who was overtaken begins anew, and who starts at the same moment as another waits.</summary>
public sealed class OvertakenTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("delete session")]
    [InlineData("change scene")]
    [InlineData("forget fact")]
    [InlineData("edit turn")]
    public async Task A_change_that_another_process_overtook_is_made_on_what_there_is_then(string change)
    {
        var clock = new RivalClock();
        await using var memory = await MemoryHost.StartAsync(database: await TestDatabase.CreateAsync(), settings: new() { ["Comox:Memory:Drift:Enabled"] = "false" }, time: clock);
        var said = await memory.ExchangeAsync("I live in Porto.", "Aye.");
        var fact = Assert.Single(await memory.FactsAsync());

        // Between what the change has read and what it writes, each time it looks at the clock, somebody writes who does not ask for the lock.
        clock.Rival = () => OvertakeAsync(memory, said.Session).GetAwaiter().GetResult();
        var problem = change switch
        {
            "delete session" => (await memory.Client.DeleteSessionAsync(said.Session, Cancellation)).Error,
            "change scene" => (await memory.Client.ChangeSceneAsync(said.Session, new SceneChange("The harbour"), Cancellation)).Error,
            "forget fact" => await memory.Client.ForgetFactAsync("mara", fact.Id, Cancellation),
            _ => (await memory.Client.EditTurnAsync(said.Session, said.UserTurn, "I live in Lyon.", Cancellation)).Error,
        };
        Assert.Null(problem);
        Assert.Equal(0, clock.Left);

        await using var db = memory.Services.GetRequiredService<MemoryDbFactory>().Open();
        var log = (await db.Events.AsNoTracking().OrderBy(row => row.Number).ToListAsync(Cancellation)).Select(SessionLog.Read).ToList();
        if (change == "delete session")
        {
            Assert.Empty(log);
            return;
        }

        Assert.Equal(RivalClock.Times, log.OfType<SceneChanged>().Count(scene => scene.Place == "Elsewhere"));
        Assert.Single(log, entry => entry is FactForgotten or TurnEdited or SceneChanged { Place: "The harbour" });
        var facts = await memory.FactsAsync();
        Assert.Equal(change switch { "forget fact" => [], "edit turn" => ["Lyon"], _ => ["Porto"] }, facts.Select(held => held.Object));
    }

    [Fact]
    public async Task Two_that_start_at_once_on_a_database_from_before_the_log_give_each_session_one_log()
    {
        var database = await TestDatabase.CreateAsync();
        Dictionary<string, string?> settings = new() { ["ConnectionStrings:comoxdb"] = database.ConnectionString };
        string built;
        await using (var memory = await MemoryHost.StartAsync(settings: settings))
        {
            for (var person = 0; person < 12; person++)
            {
                var first = await memory.ExchangeAsync("I live in Porto.", "Ah.", subject: $"person{person}");
                await memory.ExchangeAsync("I moved to Lyon.", "Oh.", first.Session, subject: $"person{person}");
            }

            await memory.SettledAsync();
            await using var db = memory.Services.GetRequiredService<MemoryDbFactory>().Open();
            await db.Events.ExecuteDeleteAsync(Cancellation);
        }

        var both = await Task.WhenAll(Enumerable.Range(0, 2).Select(_ => MemoryHost.StartAsync(settings: settings)));
        try
        {
            await using var db = both[0].Services.GetRequiredService<MemoryDbFactory>().Open();
            var logs = await db.Events.Where(row => row.Body.Contains("turn.said")).GroupBy(row => row.SessionId).Select(session => session.Count()).ToListAsync(Cancellation);
            Assert.Equal(Enumerable.Repeat(4, 12), logs);
            await both[0].SettledAsync();
            built = await ProjectionDump.OfAsync(both[0]);
            foreach (var session in await db.Sessions.Select(row => row.Id).ToListAsync(Cancellation))
                Assert.True((await both[1].Client.ReplaySessionAsync(session)).IsSuccess);
            Assert.Equal(built, await ProjectionDump.OfAsync(both[1]));
        }
        finally
        {
            foreach (var host in both)
                await host.DisposeAsync();
            await database.DropAsync();
        }
    }

    // What works in the background looks at the clock, too: then somebody else may be quicker than the rival.
    private static async Task OvertakeAsync(MemoryHost memory, string session)
    {
        for (var attempt = 1; ; attempt++)
        {
            await using var db = memory.Services.GetRequiredService<MemoryDbFactory>().Open();
            var log = new SessionLog(db, await db.Sessions.FirstAsync(row => row.Id == session, Cancellation), TimeProvider.System);
            await log.AppendAsync(Cancellation, new SceneChanged(null, "Elsewhere", null, null));
            try
            {
                await db.SaveChangesAsync(Cancellation);
                return;
            }
            catch (DbUpdateException) when (attempt < 5)
            {
            }
        }
    }

    /// <summary>A clock at whose looking somebody else is quicker, a few times.</summary>
    private sealed class RivalClock : TimeProvider
    {
        public const int Times = 3;

        private int _left = Times;

        public Action? Rival { get; set; }

        public int Left => _left;

        public override DateTimeOffset GetUtcNow()
        {
            if (Rival is { } rival && Interlocked.Decrement(ref _left) is var left)
            {
                if (left >= 0)
                    rival();
                else
                    Interlocked.Exchange(ref _left, 0);
            }

            return base.GetUtcNow();
        }
    }
}
