using System.Diagnostics;
using Comox.Memory.Consolidation;
using Comox.Memory.Ingestion;
using Comox.Memory.Sessions;
using Comox.Memory.Storage;
using Comox.ServiceDefaults.Clients;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace Comox.Memory.Tests;

public sealed class SqliteWorkerPlaceTests : WorkerPlaceTests
{
    private protected override Task<MemoryHost> StartAsync() => MemoryHost.StartAsync();

    [Fact]
    public async Task Neither_query_goes_through_all_sessions_or_all_places()
    {
        await using var memory = await StartAsync();
        await using var db = Open(memory);
        foreach (var query in new[]
        {
            WorkerPlaces.Behind(db, "drift").OrderBy(place => place.UpdatedAt).Select(place => place.SessionId).ToQueryString(),
            db.Sessions.Where(row => row.Version > row.Told).OrderBy(row => row.Id).Select(row => row.Id).ToQueryString(),
        })
        {
            var plan = await QueryPlan.OfAsync(db, query);
            Assert.Contains(plan, step => step.Contains("IX_cursors_behind", StringComparison.Ordinal) || step.Contains("IX_sessions_untold", StringComparison.Ordinal));
            Assert.DoesNotContain(plan, step => step.StartsWith("SCAN", StringComparison.Ordinal) && !step.Contains("IX_sessions_untold", StringComparison.Ordinal));
        }
    }

    /// <summary>What each message asks for costs what it finds, and not what its conversation is long.</summary>
    [Fact]
    public async Task No_look_up_of_a_message_goes_through_its_whole_conversation()
    {
        await using var memory = await StartAsync();
        await using var db = Open(memory);
        string[] turns = ["trn_1", "trn_2"];
        foreach (var (query, index) in new (IQueryable<object>, string)[]
        {
            (PendingReplies.NewestOf(db, "ses_1").Take(1), "IX_requests_session_id_created_at"),
            (db.Requests.Where(request => request.UserTurnId == "trn_1"), "IX_requests_user_turn_id"),
            (ForgottenFacts.EventsOf(db, turns).OrderBy(row => row.Number), "IX_events_turn_id"),
            (db.Turns.Where(turn => turn.SessionId == "ses_1" && turn.Chain == "c"), "IX_turns_chain_session_id"),
            (db.Turns.Where(turn => turn.ParentId == "trn_1" && turn.Chain == "c"), "IX_turns_"),
        })
        {
            var plan = await QueryPlan.OfAsync(db, query.ToQueryString());
            Assert.Contains(plan, step => step.Contains(index, StringComparison.Ordinal));
            Assert.DoesNotContain(plan, step => step.Contains("IX_turns_session_id", StringComparison.Ordinal) || step.Contains("sqlite_autoindex_events", StringComparison.Ordinal));
        }
    }

    [Fact]
    public async Task What_a_look_for_work_costs_depends_on_the_sessions_behind_and_not_on_all()
    {
        var (few, many) = (await CostAsync(2_000), await CostAsync(200_000));
        TestContext.Current.SendDiagnosticMessage($"10 sessions behind: {few.TotalMilliseconds:F2} ms among 2,000, {many.TotalMilliseconds:F2} ms among 200,000");
        Assert.True(many < (few * 5) + TimeSpan.FromMilliseconds(2), $"{many.TotalMilliseconds:F2} ms among 200,000 sessions, {few.TotalMilliseconds:F2} ms among 2,000.");
    }

    /// <summary>The best of some looks where 10 of the sessions are behind.</summary>
    private async Task<TimeSpan> CostAsync(int sessions)
    {
        await using var memory = await MemoryHost.StartAsync(settings: new() { ["Comox:Memory:Drift:Enabled"] = "false" });
        await using var db = Open(memory);
        var character = await db.Characters.Select(row => row.Id).FirstAsync(Cancellation);
        await db.Database.ExecuteSqlAsync(
            $"""
            WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {sessions})
            INSERT INTO sessions (id, character_id, subject, title_depth, turn_count, version, told, reshaped, created_at, updated_at)
            SELECT printf('ses_%08d', n), {character}, 'mara', 0, 0, 9, 9, 0, n, n FROM numbers
            """,
            Cancellation);
        await db.Database.ExecuteSqlAsync($"INSERT INTO cursors (worker, session_id, number, failures, told) SELECT 'drift', id, CASE WHEN updated_at % ({sessions} / 10) = 0 THEN 8 ELSE 9 END, 0, 9 FROM sessions", Cancellation);
        var places = memory.Services.GetRequiredService<WorkerPlaces>();
        var best = TimeSpan.MaxValue;
        for (var look = 0; look < 20; look++)
        {
            var start = Stopwatch.GetTimestamp();
            await places.TellAsync(db, Cancellation);
            var behind = await WorkerPlaces.Behind(db, "drift").OrderBy(place => place.UpdatedAt).Select(place => place.SessionId).ToListAsync(Cancellation);
            var took = Stopwatch.GetElapsedTime(start);
            best = took < best ? took : best;
            Assert.Equal(10, behind.Count);
        }

        return best;
    }
}

public sealed class PostgresWorkerPlaceTests : WorkerPlaceTests
{
    private protected override async Task<MemoryHost> StartAsync() => await MemoryHost.StartAsync(database: await TestDatabase.CreateAsync());
}

/// <summary>Every place hears of every event, whoever wrote it and whoever is there to read it.</summary>
public abstract class WorkerPlaceTests
{
    private protected static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private protected abstract Task<MemoryHost> StartAsync();

    [Fact]
    public async Task A_worker_that_the_database_has_never_met_is_behind_in_every_session_from_its_beginning()
    {
        await using var memory = await StartAsync();
        var first = (await memory.SayAsync("Hello.")).Session;
        await memory.SettledAsync();
        using var places = new WorkerPlaces([new Reader("reader")], TimeProvider.System);
        await using var db = Open(memory);
        await places.TellAsync(db, Cancellation);
        var place = Assert.Single(await WorkerPlaces.Behind(db, "reader").ToListAsync(Cancellation));
        Assert.Equal((first, 0), (place.SessionId, place.Number));
        Assert.True(place.Version > 0);
    }

    [Fact]
    public async Task A_worker_hears_of_events_that_a_process_without_it_was_first_to_tell_of()
    {
        await using var memory = await StartAsync();
        using var places = new WorkerPlaces([new Reader("reader")], TimeProvider.System);
        await using var db = Open(memory);
        await places.TellAsync(db, Cancellation);
        var session = (await memory.SayAsync("Hello.")).Session;
        await memory.SettledAsync();
        Assert.Equal(session, Assert.Single(await WorkerPlaces.Behind(db, "reader").ToListAsync(Cancellation)).SessionId);
        await db.Cursors.Where(row => row.Worker == "reader").ExecuteUpdateAsync(row => row.SetProperty(place => place.Number, place => place.Told), Cancellation);
        Assert.Empty(await WorkerPlaces.Behind(db, "reader").ToListAsync(Cancellation));

        await memory.SayAsync("Hello again.", session);
        await memory.SettledAsync();
        Assert.Equal(session, Assert.Single(await WorkerPlaces.Behind(db, "reader").ToListAsync(Cancellation)).SessionId);
    }

    [Fact]
    public async Task Several_that_tell_at_once_while_sessions_come_and_go_lose_no_event()
    {
        await using var memory = await StartAsync();
        var tellers = Enumerable.Range(0, 3).Select(async number =>
        {
            using var places = new WorkerPlaces([new Reader($"reader{number}")], TimeProvider.System);
            for (var round = 0; round < 30; round++)
            {
                await using var db = Open(memory);
                await places.TellAsync(db, Cancellation);
            }
        });
        var talkers = Enumerable.Range(0, 4).Select(async number =>
        {
            for (var round = 0; round < 6; round++)
            {
                var said = await memory.ExchangeAsync("Hello.", "Hi.", subject: $"person{number}");
                if (round % 2 == 0)
                    Assert.True((await memory.Client.DeleteSessionAsync(said.Session)).IsSuccess);
            }
        });
        await Task.WhenAll([.. tellers, .. talkers]);
        await using var after = Open(memory);
        await memory.Services.GetRequiredService<WorkerPlaces>().TellAsync(after, Cancellation);
        var sessions = await after.Sessions.AsNoTracking().ToDictionaryAsync(row => row.Id, row => row.Version, Cancellation);
        Assert.Equal(12, sessions.Count);
        var places = await after.Cursors.AsNoTracking().ToListAsync(Cancellation);
        Assert.Equal(12 * 7, places.Count);
        Assert.All(places, place => Assert.Equal(sessions[place.SessionId], place.Told));
    }

    private protected static MemoryDb Open(MemoryHost memory) => memory.Services.GetRequiredService<MemoryDbFactory>().Open();

    private sealed class Reader(string name) : ISessionWorker
    {
        public string Name => name;
        public bool IsEnabled => true;

        public Task<ApiResult<WorkDone>> WorkAsync(MemoryDb db, SessionRow session, int after, CancellationToken cancellation) => throw new InvalidOperationException("Nobody is to work here.");
    }
}
