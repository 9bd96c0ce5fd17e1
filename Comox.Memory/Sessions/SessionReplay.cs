using Comox.Memory.Recall;
using Comox.Memory.Storage;
using Comox.ServiceDefaults.Clients;
using Comox.ServiceDefaults.Contracts.Memory;
using Microsoft.EntityFrameworkCore;

namespace Comox.Memory.Sessions;

/// <summary>Makes a session's projections again from its log, in one transaction. They come out as they were; if not, they were damaged.</summary>
internal sealed class SessionReplay(MemoryDbFactory databases, ConversationLocks locks, RecallIndexes indexes)
{
    public async Task<ApiResult<SessionDetails>> RebuildAsync(string sessionId, CancellationToken cancellation)
    {
        await using var db = databases.Open();
        if (await db.Sessions.AsNoTracking().FirstOrDefaultAsync(row => row.Id == sessionId, cancellation) is not { } owner)
            return SessionStore.Missing(sessionId);
        using var held = await locks.TakeAsync(db, owner.Subject, owner.CharacterId, cancellation);
        var log = await db.Events.AsNoTracking().Where(row => row.SessionId == sessionId).OrderBy(row => row.Number).ToListAsync(cancellation);
        await using var transaction = await db.BeginAsync(cancellation);
        var rebuilt = await ProjectAsync(db, sessionId, log, cancellation);
        await transaction.CommitAsync(cancellation);
        // Of every character: its guests recall it too.
        indexes.ForgetPerson(owner.Subject);
        return rebuilt;
    }

    /// <summary>The session as these events make it; what it was before does not matter. Within the caller's transaction where there is one.</summary>
    public static async Task<SessionDetails> ProjectAsync(MemoryDb db, string sessionId, IReadOnlyList<EventRow> log, CancellationToken cancellation)
    {
        await using var transaction = db.Database.CurrentTransaction is null ? await db.Database.BeginTransactionAsync(cancellation) : null;
        var session = await db.Sessions.FirstAsync(row => row.Id == sessionId, cancellation);
        var projector = new SessionProjector(db, session);
        await projector.TouchFactsAsync(cancellation);

        // 1. Nothing is left but the log.
        await db.Facts.Where(row => row.SessionId == sessionId).ExecuteDeleteAsync(cancellation);
        await db.ReplyScores.Where(row => row.SessionId == sessionId).ExecuteDeleteAsync(cancellation);
        await db.Scenes.Where(row => row.SessionId == sessionId).ExecuteDeleteAsync(cancellation);
        await db.Witnesses.Where(row => row.SessionId == sessionId).ExecuteDeleteAsync(cancellation);
        await db.Summaries.Where(row => row.SessionId == sessionId).ExecuteDeleteAsync(cancellation);
        await db.Turns.Where(row => row.SessionId == sessionId).ExecuteDeleteAsync(cancellation);
        (session.HeadId, session.TurnCount, session.Title, session.TitleDepth) = (null, 0, null, 0);

        // 2. The log, from its beginning.
        foreach (var row in log)
            await projector.ApplyAsync(row.Number, SessionLog.Read(row), row.At, cancellation);
        await projector.SettleAsync(cancellation);
        await db.SaveChangesAsync(cancellation);

        // 3. Names that only the old projections had.
        await db.Entities
            .Where(node => node.Subject == session.Subject && node.CharacterId == session.CharacterId && !db.Relations.Any(edge => edge.FromId == node.Id || edge.ToId == node.Id))
            .ExecuteDeleteAsync(cancellation);
        if (transaction is not null)
            await transaction.CommitAsync(cancellation);
        return await SessionStore.DetailsAsync(db, session, cancellation);
    }
}
