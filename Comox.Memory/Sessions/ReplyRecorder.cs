using Comox.Memory.Diagnostics;
using Comox.Memory.ShortTerm;
using Comox.Memory.Storage;
using Comox.ServiceDefaults;
using Comox.ServiceDefaults.Clients;
using Comox.ServiceDefaults.Contracts.Memory;
using Comox.ServiceDefaults.Contracts.OpenAI;
using Microsoft.EntityFrameworkCore;

namespace Comox.Memory.Sessions;

/// <summary>Stores replies under the ids that their prompts were given.</summary>
internal sealed class ReplyRecorder(MemoryDbFactory databases, ConversationLocks locks, TimeProvider time, ILogger<ReplyRecorder> log)
{
    private const int Attempts = 8;

    public async Task<ApiResult<SessionTurn>> RecordAsync(string sessionId, string turnId, RecordedReply reply, CancellationToken cancellation)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return await TryRecordAsync(sessionId, turnId, reply, cancellation);
            }
            catch (DbUpdateException) when (attempt < Attempts)
            {
                MemoryLog.Overtaken(log, sessionId, attempt);
            }
        }
    }

    private async Task<ApiResult<SessionTurn>> TryRecordAsync(string sessionId, string turnId, RecordedReply reply, CancellationToken cancellation)
    {
        await using var db = databases.Open();
        var owner = await db.Sessions.AsNoTracking().FirstOrDefaultAsync(session => session.Id == sessionId, cancellation);
        if (owner is null)
            return SessionStore.Missing(sessionId);

        using var held = await locks.TakeAsync(db, owner.Subject, owner.CharacterId, cancellation);
        if (await db.Turns.FirstOrDefaultAsync(turn => turn.Id == turnId && turn.SessionId == sessionId, cancellation) is { } stored)
        {
            // The client's transcript brought the words already; how they were made is told only here.
            if (stored.FinishReason is null)
            {
                var told = new SessionLog(db, await db.Sessions.FirstAsync(session => session.Id == sessionId, cancellation), time);
                await told.AppendAsync(cancellation, new ReplyTold(turnId, reply.FinishReason, reply.Model));
                await db.SaveChangesAsync(cancellation);
            }

            return SessionStore.View(stored);
        }

        var request = await db.Requests.AsNoTracking().FirstOrDefaultAsync(request => request.ReplyTurnId == turnId && request.SessionId == sessionId, cancellation);
        if (request is null)
            return new ApiError(
                StatusCodes.Status404NotFound,
                ErrorCodes.NotFound,
                $"The session '{sessionId}' expects no reply with the id '{turnId}': use the reply_turn that POST /memory/superprompts answered.",
                "turn");

        if (await db.Sessions.FirstOrDefaultAsync(session => session.Id == sessionId, cancellation) is not { } session)
            return SessionStore.Missing(sessionId);
        if (await db.Turns.FirstOrDefaultAsync(turn => turn.Id == request.UserTurnId, cancellation) is not { } question)
            return new ApiError(StatusCodes.Status410Gone, ErrorCodes.TurnDeleted, "The message that this replies to has been deleted; the reply is not kept.", "turn");

        // It was here: who delivers it again has not heard that it came, nor that it is gone.
        if (await db.Events.AnyAsync(row => row.SessionId == sessionId && row.TurnId == turnId, cancellation))
            return new ApiError(StatusCodes.Status410Gone, ErrorCodes.TurnDeleted, "This reply has been deleted; it is not kept again.", "turn");

        var log = new SessionLog(db, session, time);
        var content = reply.Content.Replace("\0", "", StringComparison.Ordinal);
        // A reply without a word (the client left before the first), or of which nobody saw one, is kept, but answers nothing: the message can be sent again.
        var answers = !string.IsNullOrWhiteSpace(content) && reply.FinishReason != RecordedReply.Unseen;
        var placed = answers ? await PlaceAsync(db, session, question, turnId, await PendingReplies.IsLatestAsync(db, request, cancellation), cancellation) : null;
        // The scene may have been changed while the reply was being made.
        if (placed is LineMoved && await Scenes.SinceReplyAsync(db, session, question, cancellation) is { } scene)
            await log.AppendAsync(cancellation, scene);
        var heard = await Presence.AfterAsync(db, session.Id, question, cancellation);
        await log.AppendAsync(
            cancellation, new TurnSaid(turnId, question.Id, Utterance.Assistant, content, log.Now(), request.ReceiptId, reply.FinishReason, reply.Model, heard));
        if (placed is not null)
            await log.AppendAsync(cancellation, placed);
        await log.SettleAsync(cancellation);
        await db.SaveChangesAsync(cancellation);
        return SessionStore.View((await db.Turns.FindAsync([turnId], cancellation))!);
    }

    /// <summary>The <paramref name="latest"/> that was asked for takes the place of all that follows its turn.</summary>
    private static async Task<SessionEvent?> PlaceAsync(
        MemoryDb db, SessionRow session, TurnRow question, string reply, bool latest, CancellationToken cancellation)
    {
        if ((latest && question.Current) || session.HeadId == question.Id)
            return new LineMoved(reply);

        // The conversation went on before this reply came. It takes its place under its turn, unless another reply has it.
        var next = question.Current ? await db.Turns.FirstOrDefaultAsync(turn => turn.ParentId == question.Id && turn.Current, cancellation) : null;
        return next is { Role: Utterance.User } ? new TurnMoved(next.Id, reply) : null;
    }
}
