using Comox.Memory.Diagnostics;
using Comox.Memory.Storage;
using Comox.ServiceDefaults.Clients;
using Microsoft.EntityFrameworkCore;

namespace Comox.Memory.Sessions;

/// <summary>
/// One change of a stored session: the lock, the session as it is under it, what the change appends, and the saving. Where somebody without the lock was first,
/// a process of another version or the deletion of the character, it is begun anew with what there is then.
/// </summary>
internal sealed class SessionChanges(MemoryDbFactory databases, ConversationLocks locks, TimeProvider time, ILogger<SessionChanges> logger)
{
    private const int Attempts = 5;

    /// <param name="sessionId">The session.</param>
    /// <param name="change">Appends to the log; may run several times. Of an error that it answers nothing is saved.</param>
    /// <param name="cancellation">Ends the wait.</param>
    public async Task<ApiResult<T>> MakeAsync<T>(string sessionId, Func<MemoryDb, SessionLog, Task<ApiResult<T>>> change, CancellationToken cancellation)
        where T : class
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return await TryAsync(sessionId, change, cancellation);
            }
            catch (DbUpdateException) when (attempt < Attempts)
            {
                MemoryLog.Overtaken(logger, sessionId, attempt);
            }
        }
    }

    private async Task<ApiResult<T>> TryAsync<T>(string sessionId, Func<MemoryDb, SessionLog, Task<ApiResult<T>>> change, CancellationToken cancellation)
        where T : class
    {
        await using var db = databases.Open();
        if (await db.Sessions.AsNoTracking().FirstOrDefaultAsync(session => session.Id == sessionId, cancellation) is not { } owner)
            return SessionStore.Missing(sessionId);
        using var held = await locks.TakeAsync(db, owner.Subject, owner.CharacterId, cancellation);
        if (await db.Sessions.FirstOrDefaultAsync(row => row.Id == sessionId, cancellation) is not { } session)
            return SessionStore.Missing(sessionId);
        var log = new SessionLog(db, session, time);
        var result = await change(db, log);
        if (!result.IsSuccess)
            return result;
        await log.SettleAsync(cancellation);
        await db.SaveChangesAsync(cancellation);
        return result;
    }
}
