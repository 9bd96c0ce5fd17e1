using Comox.Memory.Consolidation;
using Comox.Memory.Sessions;
using Comox.Memory.Storage;
using Comox.ServiceDefaults.Clients;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;

namespace Comox.Memory.Tests;

/// <summary>Whoever reads logs in the background gets in nobody's way: neither a slow worker, nor one session that it cannot read.</summary>
public sealed class SessionWorkerTests
{
    [Fact]
    public async Task A_worker_that_waits_for_its_model_does_not_hold_up_the_others()
    {
        await using var memory = await MemoryHost.StartAsync();
        await memory.SayAsync("Hello.");
        var (begun, release) = (new TaskCompletionSource(), new TaskCompletionSource());
        var slow = new Worker("slow", async (_, _) =>
        {
            begun.TrySetResult();
            await release.Task;
        });
        var seen = new Seen();
        var quick = new Worker("quick", (session, _) => seen.AddAsync(session));
        using var workers = Workers(memory, slow, quick);
        await workers.StartAsync(TestContext.Current.CancellationToken);
        await begun.Task.WaitAsync(Patience, TestContext.Current.CancellationToken);
        await seen.UntilAsync(1);

        await memory.SayAsync("Hello.", subject: "tom");
        workers.Nudge();
        await seen.UntilAsync(2);
        release.SetResult();
        await workers.StopAsync(TestContext.Current.CancellationToken);
    }

    [Theory]
    [InlineData(typeof(InvalidOperationException))]
    [InlineData(typeof(TaskCanceledException))]
    [InlineData(typeof(DbUpdateException))]
    public async Task A_session_that_a_worker_cannot_read_is_set_aside_and_the_others_are_read(Type failure)
    {
        await using var memory = await MemoryHost.StartAsync();
        var bad = (await memory.SayAsync("Hello.")).Session;
        var good = (await memory.SayAsync("Hello.", subject: "tom")).Session;
        var seen = new Seen();
        var worker = new Worker("reader", (session, _) => session == bad ? throw (Exception)Activator.CreateInstance(failure)! : seen.AddAsync(session));
        using var workers = Workers(memory, worker);
        await workers.CatchUpAsync(worker, TestContext.Current.CancellationToken);

        Assert.Equal([good], seen.Sessions);
        await using var db = memory.Services.GetRequiredService<MemoryDbFactory>().Open();
        var place = await db.Cursors.SingleAsync(row => row.Worker == "reader" && row.SessionId == bad);
        Assert.Equal((0, 1), (place.Number, place.Failures));
        Assert.NotNull(place.RetryAt);
    }

    [Fact]
    public async Task What_a_reply_is_judged_by_is_not_written_once_the_reply_is_deleted()
    {
        await using var memory = await MemoryHost.StartAsync();
        var said = await memory.ExchangeAsync("Hello.", "As an AI language model, I cannot do that.");
        var drift = memory.Services.GetServices<ISessionWorker>().Single(worker => worker.Name == "drift");
        await using var db = memory.Services.GetRequiredService<MemoryDbFactory>().Open();
        var session = await db.Sessions.AsNoTracking().SingleAsync(row => row.Id == said.Session);
        var work = (await drift.WorkAsync(db, session, 0, TestContext.Current.CancellationToken)).Value!;
        Assert.NotEmpty(work.Events);
        Assert.True(await work.StillHolds!(db, TestContext.Current.CancellationToken));
        Assert.True((await memory.Client.DeleteTurnAsync(said.Session, said.ReplyTurn)).IsSuccess);
        Assert.False(await work.StillHolds!(db, TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task A_reply_that_says_the_same_again_is_judged_and_the_worker_goes_on()
    {
        await using var memory = await MemoryHost.StartAsync();
        var first = await memory.ExchangeAsync("Hello.", "Aye, captain, that it is.");
        await memory.ReplyAsync((await memory.AskAsync([new("user", "Hello.")], first.Session, whole: true)).Value!, "Aye, captain, that it is.");
        await memory.SettledAsync("drift");
        await using var db = memory.Services.GetRequiredService<MemoryDbFactory>().Open();
        Assert.Equal(2, await db.Turns.CountAsync(turn => turn.Role == "assistant"));
    }

    [Fact]
    public async Task A_worker_that_finds_the_session_changed_each_time_waits_as_after_a_failure()
    {
        await using var memory = await MemoryHost.StartAsync();
        await memory.ExchangeAsync("Hello.", "Aye.");
        var calls = 0;
        var worker = new Worker("never", (_, _) => Task.FromResult(++calls)) { StillHolds = false };
        using var workers = Workers(memory, worker);
        await workers.CatchUpAsync(worker, TestContext.Current.CancellationToken);
        Assert.Equal(2, calls);
    }

    [Fact]
    public async Task What_another_process_has_done_meanwhile_is_not_written_twice()
    {
        await using var memory = await MemoryHost.StartAsync();
        var session = (await memory.SayAsync("Hello.")).Session;
        var first = true;
        var worker = new Worker("reader", async (_, version) =>
        {
            if (!first)
                return;
            first = false;
            await using var other = memory.Services.GetRequiredService<MemoryDbFactory>().Open();
            await other.Cursors.Where(row => row.Worker == "reader" && row.SessionId == session).ExecuteUpdateAsync(row => row.SetProperty(place => place.Number, version));
        }) { Adds = new SceneChanged(null, "The harbour", null, null) };
        using var workers = Workers(memory, worker);
        await workers.CatchUpAsync(worker, TestContext.Current.CancellationToken);
        await using var db = memory.Services.GetRequiredService<MemoryDbFactory>().Open();
        Assert.Empty(await db.Scenes.ToListAsync());
    }

    private static TimeSpan Patience => TimeSpan.FromSeconds(30);

    private static SessionWorkers Workers(MemoryHost memory, params ISessionWorker[] workers) =>
        new(
            memory.Services.GetRequiredService<MemoryDbFactory>(), memory.Services.GetRequiredService<ConversationLocks>(), new WorkerPlaces(workers, TimeProvider.System), new ConsolidationOptions(), TimeProvider.System,
            NullLogger<SessionWorkers>.Instance);

    private sealed class Worker(string name, Func<string, int, Task> work) : ISessionWorker
    {
        public string Name => name;
        public bool IsEnabled => true;
        public SessionEvent? Adds { get; init; }
        public bool StillHolds { get; init; } = true;

        public async Task<ApiResult<WorkDone>> WorkAsync(MemoryDb db, SessionRow session, int after, CancellationToken cancellation)
        {
            await work(session.Id, session.Version);
            return new WorkDone(session.Version, Adds is null ? [] : [Adds], (_, _) => Task.FromResult(StillHolds));
        }
    }

    private sealed class Seen
    {
        private readonly SemaphoreSlim _more = new(0);
        private readonly List<string> _sessions = [];

        public IReadOnlyList<string> Sessions
        {
            get
            {
                lock (_sessions)
                    return [.. _sessions];
            }
        }

        public Task AddAsync(string session)
        {
            lock (_sessions)
                _sessions.Add(session);
            _more.Release();
            return Task.CompletedTask;
        }

        public async Task UntilAsync(int count)
        {
            while (Sessions.Count < count)
                Assert.True(await _more.WaitAsync(Patience, TestContext.Current.CancellationToken), $"{count} sessions were to be read; it were {Sessions.Count}.");
        }
    }
}
