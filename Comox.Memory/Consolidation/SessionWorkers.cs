using System.Data.Common;
using System.Threading.Channels;
using Comox.Memory.Diagnostics;
using Comox.Memory.Sessions;
using Comox.Memory.Storage;
using Microsoft.EntityFrameworkCore;

namespace Comox.Memory.Consolidation;

/// <summary>
/// Runs the workers: one session at a time for each of them, in the order of its log. A piece of work is
/// <list type="number">
/// <item>the session and the worker's place in its log, read;</item>
/// <item>the work, without a lock, because it may wait for a model;</item>
/// <item>under the session's lock: does it still hold? Then its events and its new place, in one transaction.</item>
/// </list>
/// A process that ends in between has written nothing; the work is done again.
/// </summary>
internal sealed class SessionWorkers(
    MemoryDbFactory databases, ConversationLocks locks, IEnumerable<ISessionWorker> workers, ConsolidationOptions options, TimeProvider time, ILogger<SessionWorkers> log)
    : BackgroundService
{
    private const int SessionsAtOnce = 64;

    private readonly Channel<bool> _nudges = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    /// <summary>A log has grown. Never waits.</summary>
    public void Nudge() => _nudges.Writer.TryWrite(true);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var poll = new PeriodicTimer(options.PollInterval, time);
        _ = PollAsync(poll, stoppingToken);
        Nudge();
        try
        {
            while (await _nudges.Reader.WaitToReadAsync(stoppingToken))
            {
                _nudges.Reader.TryRead(out _);
                // Side by side: a summary must not wait for an extraction.
                await Task.WhenAll(workers.Where(worker => worker.IsEnabled).Select(worker => CatchUpAsync(worker, stoppingToken)));
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // What was begun is begun again at the next start.
        }
    }

    private async Task PollAsync(PeriodicTimer poll, CancellationToken stopping)
    {
        try
        {
            while (await poll.WaitForNextTickAsync(stopping))
                Nudge();
        }
        catch (OperationCanceledException)
        {
            // The service stops.
        }
    }

    /// <summary>Until nothing is left that could be done now.</summary>
    public async Task CatchUpAsync(ISessionWorker worker, CancellationToken cancellation)
    {
        try
        {
            while (await BehindAsync(worker, cancellation) is { Count: > 0 } sessions)
            {
                var moved = false;
                foreach (var session in sessions)
                    moved |= await StepAsync(worker, session, cancellation);
                if (!moved)
                    return;
            }
        }
        catch (Exception problem) when (problem is DbException or DbUpdateException)
        {
            MemoryLog.WorkerStorageFailed(log, worker.Name, databases.Description, problem);
        }
        catch (Exception bug) when (bug is not OperationCanceledException)
        {
            // One worker's bug must end neither the service nor the other workers; it is tried again with the next nudge.
            MemoryLog.WorkerCrashed(log, worker.Name, bug);
        }
    }

    private async Task<List<string>> BehindAsync(ISessionWorker worker, CancellationToken cancellation)
    {
        await using var db = databases.Open();
        var now = time.GetUtcNow();
        var name = worker.Name;
        return await db.Sessions
            .GroupJoin(db.Cursors.Where(cursor => cursor.Worker == name), session => session.Id, cursor => cursor.SessionId, (session, cursors) => new { session, cursors })
            .SelectMany(pair => pair.cursors.DefaultIfEmpty(), (pair, cursor) => new { pair.session, cursor })
            .Where(pair => pair.session.Version > (pair.cursor == null ? 0 : pair.cursor.Number) && (pair.cursor == null || pair.cursor.RetryAt == null || pair.cursor.RetryAt <= now))
            .OrderBy(pair => pair.session.UpdatedAt).ThenBy(pair => pair.session.Id)
            .Take(SessionsAtOnce)
            .Select(pair => pair.session.Id)
            .ToListAsync(cancellation);
    }

    /// <returns>Whether the worker's place has moved.</returns>
    private async Task<bool> StepAsync(ISessionWorker worker, string sessionId, CancellationToken cancellation)
    {
        // 1. The session, and the place.
        await using var db = databases.Open();
        if (await db.Sessions.AsNoTracking().FirstOrDefaultAsync(row => row.Id == sessionId, cancellation) is not { } session)
            return false;
        var name = worker.Name;
        var after = await db.Cursors.AsNoTracking().Where(row => row.Worker == name && row.SessionId == sessionId).Select(row => row.Number).FirstOrDefaultAsync(cancellation);

        // 2. The work.
        var work = BackgroundCalls.IsSubject(session.Subject) ? WorkDone.Nothing(session.Version) : await worker.WorkAsync(db, session, after, cancellation);

        // 3. What came of it.
        using var held = await locks.TakeAsync(db, session.Subject, session.CharacterId, cancellation);
        db.ChangeTracker.Clear();
        if (await db.Sessions.FirstOrDefaultAsync(row => row.Id == sessionId, cancellation) is not { } current)
            return false;
        var cursor = await db.Cursors.FirstOrDefaultAsync(row => row.Worker == name && row.SessionId == sessionId, cancellation);
        if (cursor is null)
            db.Add(cursor = new CursorRow { Worker = name, SessionId = sessionId, Number = 0 });
        if (!work.IsSuccess)
        {
            cursor.Failures++;
            cursor.RetryAt = time.GetUtcNow() + DelayAfter(cursor.Failures);
            await db.SaveChangesAsync(cancellation);
            MemoryLog.WorkerFailed(log, name, sessionId, cursor.Failures, work.Error.Code, work.Error.Message);
            return false;
        }

        if (work.Value.StillHolds is { } stillHolds && !await stillHolds(db, cancellation))
            return true;
        if (work.Value.Events.Count > 0)
        {
            var sessionLog = new SessionLog(db, current, time);
            await sessionLog.AppendAsync(cancellation, work.Value.Events);
            await sessionLog.SettleAsync(cancellation);
        }

        (cursor.Number, cursor.Failures, cursor.RetryAt) = (work.Value.Through, 0, null);
        try
        {
            await db.SaveChangesAsync(cancellation);
        }
        catch (DbUpdateConcurrencyException)
        {
            // Another process was first: look again.
        }

        return true;
    }

    private TimeSpan DelayAfter(int failures)
    {
        var doubled = options.RetryDelay * Math.Pow(2, Math.Min(failures - 1, 20));
        return doubled < options.MaxRetryDelay ? doubled : options.MaxRetryDelay;
    }
}
