using Comox.Memory.Storage;
using Microsoft.EntityFrameworkCore;

namespace Comox.Memory.Sessions;

/// <summary>Replies that were prompted for and are not recorded yet. A client may show us one before the gateway does.</summary>
internal static class PendingReplies
{
    /// <summary>The newest request whose reply to this turn is still to come.</summary>
    public static async Task<RequestRow?> OfAsync(MemoryDb db, TurnRow question, CancellationToken cancellation) =>
        await db.Requests.AsNoTracking()
            .Where(request => request.SessionId == question.SessionId && request.UserTurnId == question.Id && !db.Turns.Any(turn => turn.Id == request.ReplyTurnId)
                && !db.Events.Any(row => row.SessionId == request.SessionId && row.TurnId == request.ReplyTurnId))
            .OrderByDescending(request => request.CreatedAt).ThenByDescending(request => request.ReplyTurnId)
            .FirstOrDefaultAsync(cancellation);

    /// <summary>Whether nothing was asked of the session after this.</summary>
    public static async Task<bool> IsLatestAsync(MemoryDb db, RequestRow request, CancellationToken cancellation) =>
        await db.Requests.Where(other => other.SessionId == request.SessionId)
            .OrderByDescending(other => other.CreatedAt).ThenByDescending(other => other.ReplyTurnId)
            .Select(other => other.Id)
            .FirstAsync(cancellation) == request.Id;
}
