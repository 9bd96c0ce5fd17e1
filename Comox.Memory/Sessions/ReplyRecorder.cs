using Comox.Memory.Diagnostics;
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

        using var held = await locks.TakeAsync(owner.Subject, owner.CharacterId, cancellation);
        if (await db.Turns.FirstOrDefaultAsync(turn => turn.Id == turnId && turn.SessionId == sessionId, cancellation) is { } stored)
        {
            // The client's transcript brought the words already; how they were made is told only here.
            if (stored.FinishReason is null)
            {
                (stored.FinishReason, stored.Model) = (reply.FinishReason, reply.Model);
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

        var session = await db.Sessions.FirstAsync(session => session.Id == sessionId, cancellation);
        var question = await db.Turns.FirstAsync(turn => turn.Id == request.UserTurnId, cancellation);
        var line = new SessionLine(db, session, time);
        var content = reply.Content.Replace("\0", "", StringComparison.Ordinal);
        var turn = new TurnRow
        {
            Id = turnId,
            SessionId = sessionId,
            ParentId = question.Id,
            Depth = question.Depth + 1,
            Current = false,
            Role = Utterance.Assistant,
            Content = content,
            Chain = TurnChain.Next(question.Chain, Utterance.Assistant, content),
            CreatedAt = time.Now(),
            FinishReason = reply.FinishReason,
            Model = reply.Model,
            ReceiptId = request.ReceiptId,
        };
        await line.AppendReplyAsync(question, turn, await PendingReplies.IsLatestAsync(db, request, cancellation), cancellation);
        await db.SaveChangesAsync(cancellation);
        return SessionStore.View(turn);
    }
}
