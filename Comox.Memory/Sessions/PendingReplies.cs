using Comox.Memory.Storage;
using Microsoft.EntityFrameworkCore;

namespace Comox.Memory.Sessions;

/// <summary>Replies that were prompted for and are not recorded yet. A client may show us one before the gateway does.</summary>
internal static class PendingReplies
{
    /// <summary>The newest request whose reply to this turn is still to come.</summary>
    public static async Task<RequestRow?> OfAsync(MemoryDb db, TurnRow question, CancellationToken cancellation) =>
        await db.Requests.AsNoTracking()
            .Where(request => request.UserTurnId == question.Id && !db.Turns.Any(turn => turn.Id == request.ReplyTurnId)
                && !db.Events.Any(row => row.TurnId == request.ReplyTurnId))
            .OrderByDescending(request => request.CreatedAt).ThenByDescending(request => request.ReplyTurnId)
            .FirstOrDefaultAsync(cancellation);

    /// <summary>Whether nothing was asked of the session after this.</summary>
    public static async Task<bool> IsLatestAsync(MemoryDb db, RequestRow request, CancellationToken cancellation) =>
        await NewestOf(db, request.SessionId).Select(other => other.Id).FirstAsync(cancellation) == request.Id;

    /// <summary>What was asked of a session, the newest first.</summary>
    internal static IQueryable<RequestRow> NewestOf(MemoryDb db, string session) =>
        db.Requests.Where(request => request.SessionId == session).OrderByDescending(request => request.CreatedAt).ThenByDescending(request => request.ReplyTurnId);
}
