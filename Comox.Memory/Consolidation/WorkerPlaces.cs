using Comox.Memory.Storage;
using Microsoft.EntityFrameworkCore;

namespace Comox.Memory.Consolidation;

/// <summary>A session that has events which a worker has not read.</summary>
internal sealed class WorkerPlace
{
    public required string SessionId { get; init; }
    public required int Version { get; init; }
    public required DateTimeOffset UpdatedAt { get; init; }

    /// <summary>Number of the last event that the worker is done with; 0 where it has not begun.</summary>
    public required int Number { get; init; }

    public required int Failures { get; init; }
    public required DateTimeOffset? RetryAt { get; init; }
}

/// <summary>
/// Where the workers are behind, without a look at the sessions in which they are not. Writing an event touches no place: a session whose version is higher
/// than what was told of it is in a small index, and from there its places are told before anybody asks for them. Places of workers that have no model are
/// told too: another process on the database, or a later start, may have one.
/// </summary>
internal sealed class WorkerPlaces(IEnumerable<ISessionWorker> workers, TimeProvider time) : IDisposable
{
    private const int SessionsAtOnce = 500;

    private const string Met = "worker:";

    // To every worker that the database has met, and not only to those of this process: another may have one more.
    private const string Places =
        """
        INSERT INTO cursors (worker, session_id, number, failures, told)
        SELECT substr(marks.name, 8), sessions.id, 0, 0, version FROM sessions, marks
        WHERE version > told AND id >= {0} AND id <= {1} AND marks.name LIKE 'worker:%' ORDER BY id, marks.name
        """;

    // A session that is being deleted is waited for, and then has no places.
    private const string KeepSessions = " FOR KEY SHARE OF sessions";
    private const string OnConflict = " ON CONFLICT (worker, session_id) DO UPDATE SET told = excluded.told WHERE cursors.told < excluded.told";

    private readonly SemaphoreSlim _telling = new(1, 1);
    private bool _known;

    public IReadOnlyList<ISessionWorker> Workers { get; } = [.. workers];

    /// <summary>The sessions in which a worker is behind, as far as its places have been told.</summary>
    public static IQueryable<WorkerPlace> Behind(MemoryDb db, string worker) =>
        db.Cursors.Where(cursor => cursor.Worker == worker && cursor.Told > cursor.Number)
            .Join(db.Sessions, cursor => cursor.SessionId, session => session.Id, (cursor, session) => new WorkerPlace
            {
                SessionId = session.Id,
                Version = session.Version,
                UpdatedAt = session.UpdatedAt,
                Number = cursor.Number,
                Failures = cursor.Failures,
                RetryAt = cursor.RetryAt,
            });

    /// <summary>
    /// Tells the places of every event that there is. Each statement may be the last of a process or run in several at once: numbers only rise, and a session
    /// counts as told only when all its places are.
    /// </summary>
    public async Task TellAsync(MemoryDb db, CancellationToken cancellation)
    {
        await _telling.WaitAsync(cancellation);
        try
        {
            if (!_known)
                await MeetAsync(db, cancellation);
            _known = true;
            var tell = db is PostgresMemoryDb ? Places + KeepSessions + OnConflict : Places + OnConflict;
            while (await db.Sessions.Where(row => row.Version > row.Told).OrderBy(row => row.Id).Select(row => row.Id).Take(SessionsAtOnce).ToListAsync(cancellation) is { Count: > 0 } grown)
            {
                // On SQLite one write to the disk for both. On PostgreSQL a writer has its session's row before its place's; to hold places first could tie the two up.
                await using var transaction = db is SqliteMemoryDb ? await db.Database.BeginTransactionAsync(cancellation) : null;
                await db.Database.ExecuteSqlRawAsync(tell, [grown[0], grown[^1]], cancellation);
                await db.Sessions
                    .Where(row => row.Version > row.Told && grown.Contains(row.Id)
                        && db.Cursors.Count(cursor => cursor.SessionId == row.Id && db.Marks.Any(mark => mark.Name == Met + cursor.Worker)) == db.Marks.Count(mark => mark.Name.StartsWith(Met)))
                    .ExecuteUpdateAsync(
                        row => row.SetProperty(session => session.Told, session => db.Cursors.Where(cursor => cursor.SessionId == session.Id && db.Marks.Any(mark => mark.Name == Met + cursor.Worker)).Min(cursor => cursor.Told)),
                        cancellation);
                if (transaction is not null)
                    await transaction.CommitAsync(cancellation);
            }
        }
        finally
        {
            _telling.Release();
        }
    }

    public void Dispose() => _telling.Dispose();

    /// <summary>A worker that the database has never seen has a place in every session.</summary>
    private async Task MeetAsync(MemoryDb db, CancellationToken cancellation)
    {
        var marks = Workers.Select(worker => Met + worker.Name).ToList();
        var known = await db.Marks.Where(mark => marks.Contains(mark.Name)).Select(mark => mark.Name).ToListAsync(cancellation);
        if (known.Count == marks.Count)
            return;
        await using var transaction = await db.Database.BeginTransactionAsync(cancellation);
        await db.Sessions.ExecuteUpdateAsync(row => row.SetProperty(session => session.Told, 0), cancellation);
        foreach (var mark in marks.Except(known, StringComparer.Ordinal))
            await db.Database.ExecuteSqlAsync($"INSERT INTO marks (name, at) VALUES ({mark}, {time.GetUtcNow().ToUnixTimeMilliseconds()}) ON CONFLICT DO NOTHING", cancellation);
        await transaction.CommitAsync(cancellation);
    }
}
