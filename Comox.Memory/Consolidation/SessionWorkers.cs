using System.Collections.Concurrent;
using System.Data.Common;
using System.Threading.Channels;
using Comox.Memory.Diagnostics;
using Comox.Memory.Sessions;
using Comox.Memory.Storage;
using Comox.ServiceDefaults.Contracts.OpenAI;
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
    MemoryDbFactory databases, ConversationLocks locks, WorkerPlaces places, ConsolidationOptions options, TimeProvider time, ILogger<SessionWorkers> log)
    : BackgroundService
{
    private const int SessionsAtOnce = 64;

    private readonly IReadOnlyList<(ISessionWorker Worker, Channel<bool> Nudges)> _workers =
        [.. places.Workers.Select(worker => (worker, Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite })))];

    private readonly ConcurrentDictionary<ISessionWorker, bool> _begun = [];

    // At which place a session had moved under a worker's feet, the last time.
    private readonly ConcurrentDictionary<(string Worker, string Session), int> _moved = [];

    /// <summary>A log has grown. Never waits.</summary>
    public void Nudge()
    {
        foreach (var (_, nudges) in _workers)
            nudges.Writer.TryWrite(true);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var poll = new PeriodicTimer(options.PollInterval, time);
        _ = PollAsync(poll, stoppingToken);
        Nudge();
        // Each at its own pace: a summary must not wait for an extraction.
        await Task.WhenAll(_workers.Select(entry => RunAsync(entry.Worker, entry.Nudges.Reader, stoppingToken)));
    }

    private async Task RunAsync(ISessionWorker worker, ChannelReader<bool> nudges, CancellationToken stopping)
    {
        try
        {
            while (await nudges.WaitToReadAsync(stopping))
            {
                nudges.TryRead(out _);
                if (worker.IsEnabled)
                    await CatchUpAsync(worker, stopping);
            }
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
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
            if (!await BeginAsync(worker, cancellation))
                return;
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
        catch (Exception bug) when (!(bug is OperationCanceledException && cancellation.IsCancellationRequested))
        {
            // One worker's bug must end neither the service nor the other workers; it is tried again with the next nudge.
            MemoryLog.WorkerCrashed(log, worker.Name, bug);
        }
    }

    private async Task<bool> BeginAsync(ISessionWorker worker, CancellationToken cancellation)
    {
        if (_begun.ContainsKey(worker))
            return true;
        await using var db = databases.Open();
        if (!await worker.BeginAsync(db, cancellation))
            return false;
        _begun[worker] = true;
        return true;
    }

    private async Task<List<string>> BehindAsync(ISessionWorker worker, CancellationToken cancellation)
    {
        await using var db = databases.Open();
        await places.TellAsync(db, cancellation);
        var now = time.GetUtcNow();
        return await WorkerPlaces.Behind(db, worker.Name)
            .Where(place => place.RetryAt == null || place.RetryAt <= now)
            .OrderBy(place => place.UpdatedAt).ThenBy(place => place.SessionId)
            .Take(SessionsAtOnce)
            .Select(place => place.SessionId)
            .ToListAsync(cancellation);
    }

    /// <returns>Whether the worker's place has moved.</returns>
    private async Task<bool> StepAsync(ISessionWorker worker, string sessionId, CancellationToken cancellation)
    {
        try
        {
            return await TryStepAsync(worker, sessionId, cancellation);
        }
        catch (Exception problem) when (!(problem is OperationCanceledException && cancellation.IsCancellationRequested))
        {
            // One session's trouble must not keep all the others waiting. Where the database itself is the trouble, this fails too.
            await using var db = databases.Open();
            if (await CursorAsync(db, worker, sessionId, cancellation) is not { } cursor)
                return false;
            var failures = await FailedAsync(db, cursor, cancellation);
            MemoryLog.WorkerStumbled(log, worker.Name, sessionId, failures, problem);
            return false;
        }
    }

    private async Task<bool> TryStepAsync(ISessionWorker worker, string sessionId, CancellationToken cancellation)
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
        if (await db.Sessions.FirstOrDefaultAsync(row => row.Id == sessionId, cancellation) is not { } current || await CursorAsync(db, worker, sessionId, cancellation) is not { } cursor)
            return false;
        if (cursor.Number != after)
            return true; // Another process was first: look again.
        if (!work.IsSuccess)
        {
            var failures = await FailedAsync(db, cursor, cancellation);
            MemoryLog.WorkerFailed(log, name, sessionId, failures, work.Error.Code, work.Error.Message);
            return false;
        }

        if (work.Value.StillHolds is { } stillHolds && !await stillHolds(db, cancellation))
        {
            if (_moved.TryGetValue((name, sessionId), out var before) && before == after)
            {
                // It is not that somebody changes the session again and again: without a pause this would go on for ever.
                MemoryLog.WorkerFailed(log, name, sessionId, await FailedAsync(db, cursor, cancellation), ErrorCodes.Conflict, "The session is not as it was when the work began.");
                return false;
            }

            _moved[(name, sessionId)] = after;
            return true;
        }

        _moved.TryRemove((name, sessionId), out _);
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

    /// <returns>Null where the session is gone, and its places with it.</returns>
    private static Task<CursorRow?> CursorAsync(MemoryDb db, ISessionWorker worker, string sessionId, CancellationToken cancellation)
    {
        var name = worker.Name;
        return db.Cursors.FirstOrDefaultAsync(row => row.Worker == name && row.SessionId == sessionId, cancellation);
    }

    private async Task<int> FailedAsync(MemoryDb db, CursorRow cursor, CancellationToken cancellation)
    {
        cursor.Failures++;
        cursor.RetryAt = time.GetUtcNow() + DelayAfter(cursor.Failures);
        await db.SaveChangesAsync(cancellation);
        return cursor.Failures;
    }

    private TimeSpan DelayAfter(int failures)
    {
        var doubled = options.RetryDelay * Math.Pow(2, Math.Min(failures - 1, 20));
        return doubled < options.MaxRetryDelay ? doubled : options.MaxRetryDelay;
    }
}
