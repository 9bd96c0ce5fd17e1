using Comox.Memory.Storage;

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

internal static class WorkerPlaces
{
    /// <summary>The sessions in which a worker is behind.</summary>
    public static IQueryable<WorkerPlace> Behind(MemoryDb db, string worker) =>
        db.Sessions
            .GroupJoin(db.Cursors.Where(cursor => cursor.Worker == worker), session => session.Id, cursor => cursor.SessionId, (session, cursors) => new { session, cursors })
            .SelectMany(pair => pair.cursors.DefaultIfEmpty(), (pair, cursor) => new WorkerPlace
            {
                SessionId = pair.session.Id,
                Version = pair.session.Version,
                UpdatedAt = pair.session.UpdatedAt,
                Number = cursor == null ? 0 : cursor.Number,
                Failures = cursor == null ? 0 : cursor.Failures,
                RetryAt = cursor == null ? null : cursor.RetryAt,
            })
            .Where(place => place.Version > place.Number);
}
