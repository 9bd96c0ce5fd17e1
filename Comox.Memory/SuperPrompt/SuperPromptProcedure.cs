using System.Security.Cryptography;
using System.Text.Json;
using Comox.Memory.Diagnostics;
using Comox.Memory.Identity;
using Comox.Memory.Sessions;
using Comox.Memory.Storage;
using Comox.ServiceDefaults;
using Comox.ServiceDefaults.Clients;
using Comox.ServiceDefaults.Contracts.Memory;
using Comox.ServiceDefaults.Contracts.OpenAI;
using Microsoft.EntityFrameworkCore;

namespace Comox.Memory.SuperPrompt;

/// <summary>
/// Answers one super-prompt request:
/// <list type="number">
/// <item>a repeated request gets the answer it got;</item>
/// <item>the character, and what was said;</item>
/// <item>the conversation's lock: from here on nobody else moves it;</item>
/// <item>where in the stored tree the transcript belongs;</item>
/// <item>the line as it will be, with the facts of its new turns;</item>
/// <item>recall and assembly, which may still refuse;</item>
/// <item>one transaction for turns, facts, receipt and request: all of it is durable when the caller hears of it, or none.</item>
/// </list>
/// </summary>
internal sealed class SuperPromptProcedure(
    MemoryDbFactory databases, CharacterStore characters, ConversationLocks locks, LineWriter lines, PromptAssembly assembly, ILogger<SuperPromptProcedure> log)
{
    private const int Attempts = 5;

    public async Task<ApiResult<SuperPromptResponse>> AnswerAsync(SuperPromptRequest request, CancellationToken cancellation)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return await TryAnswerAsync(request, cancellation);
            }
            catch (DbUpdateException) when (attempt < Attempts)
            {
                MemoryLog.Overtaken(log, request.Session ?? "", attempt);
            }
        }
    }

    private async Task<ApiResult<SuperPromptResponse>> TryAnswerAsync(SuperPromptRequest request, CancellationToken cancellation)
    {
        await using var db = databases.Open();

        // 2. The character, and what was said.
        var found = await characters.FindAsync(db, request.Character, cancellation);
        if (!found.IsSuccess)
            return found.Error;
        var sent = SentMessages.Read(request.Messages);
        if (!sent.IsSuccess)
            return sent.Error;
        var character = found.Value;
        var digest = Digest(request);
        if (BackgroundCalls.Is(sent.Value.Dialogue))
            request = request with { Subject = BackgroundCalls.SubjectFor(request.Subject), Session = null };

        // 3. The lock. 1. comes after it: two sendings of one request may arrive together.
        using var held = await locks.TakeAsync(db, request.Subject, character.Id, cancellation);
        if (await db.Requests.AsNoTracking().FirstOrDefaultAsync(row => row.Id == request.RequestId, cancellation) is { } answered)
            return await AgainAsync(db, answered, digest, cancellation);

        // 4. Where it belongs.
        var placed = await PlaceAsync(db, request, character, sent.Value.Dialogue, cancellation);
        if (!placed.IsSuccess)
            return placed.Error;

        // 5. The line as it will be.
        var line = await lines.PrepareAsync(db, placed.Value, character.Id, request.Subject, sent.Value.Dialogue[^1], cancellation);

        // 6. Recall and assembly.
        var assembled = await assembly.AssembleAsync(db, request, character, line, sent.Value, cancellation);
        if (!assembled.IsSuccess)
            return assembled.Error;

        // 7. All or nothing.
        var (receipt, response, sources) = assembled.Value;
        await HoldHeardAsync(db, request.Subject, receipt, cancellation);
        db.Add(new ReceiptRow
        {
            Id = receipt.Id,
            SessionId = line.Session.Id,
            Turns = string.Concat(line.Path.Concat(line.Added).TakeLast(request.Profile.HistoryTurns + History.MaxBlock).Select(turn => turn.Id)
                .Concat(receipt.Recalled.Select(item => item.Source.Turn)).Concat(sources)
                .Concat(receipt.Recalled.Where(item => item.WitnessedWith is not null).Select(item => item.Source.Session)).Distinct(StringComparer.Ordinal).Select(id => id + " ")),
            Json = JsonSerializer.Serialize(receipt, MemoryJson.Default.Receipt),
            CreatedAt = receipt.CreatedAt,
        });
        db.Add(new RequestRow
        {
            Id = request.RequestId,
            Digest = digest,
            SessionId = line.Session.Id,
            UserTurnId = response.UserTurn,
            ReplyTurnId = response.ReplyTurn,
            ReceiptId = receipt.Id,
            MaxReplyTokens = response.MaxReplyTokens,
            CreatedAt = await AskedAtAsync(db, line.Session.Id, receipt.CreatedAt, cancellation),
        });
        await db.SaveChangesAsync(cancellation);
        MemoryLog.PromptAssembled(log, line.Session.Id, response.UserTurn, line.NewFacts.Count, receipt.Budget.EstimatedTokens, receipt.Recalled.Count(item => item.Included));
        return response;
    }

    /// <summary>Orders what is asked of a session, whatever the clock does: another reply is never older than the one whose place it takes.</summary>
    private static async Task<DateTimeOffset> AskedAtAsync(MemoryDb db, string sessionId, DateTimeOffset now, CancellationToken cancellation)
    {
        var last = await db.Requests.AsNoTracking().Where(row => row.SessionId == sessionId).OrderByDescending(row => row.CreatedAt).Select(row => (DateTimeOffset?)row.CreatedAt).FirstOrDefaultAsync(cancellation);
        return last >= now ? last.Value.AddMilliseconds(1) : now;
    }

    /// <summary>
    /// The lock of the two keeps nobody from deleting what the character heard in another's session. What was deleted since it was recalled is in no receipt:
    /// the answer is made again; and what is deleted from here on finds the receipt.
    /// </summary>
    private static async Task HoldHeardAsync(MemoryDb db, string subject, Receipt receipt, CancellationToken cancellation)
    {
        var heard = receipt.Recalled.Where(item => item.WitnessedWith is not null).Select(item => item.Source.Turn).ToHashSet(StringComparer.Ordinal);
        if (heard.Count == 0)
            return;
        await db.HoldReceiptsAsync(subject, cancellation);
        if (await db.Turns.CountAsync(turn => heard.Contains(turn.Id), cancellation) < heard.Count)
            throw new DbUpdateConcurrencyException("A turn that the character heard as a guest has been deleted since it was recalled.");
    }

    private static async Task<ApiResult<Placement>> PlaceAsync(
        MemoryDb db, SuperPromptRequest request, Character character, IReadOnlyList<Utterance> dialogue, CancellationToken cancellation)
    {
        if (string.IsNullOrEmpty(request.Session))
            return await Reconciler.AnywhereAsync(db, request.Subject, character.Id, dialogue, request.IsAnother, cancellation);

        var session = await SessionStore.FindAsync(db, request.Session, cancellation);
        // Another person's session does not exist for this one.
        if (!session.IsSuccess || session.Value.Subject != request.Subject)
            return SessionStore.Missing(request.Session);
        if (session.Value.CharacterId != character.Id)
            return new ApiError(
                StatusCodes.Status409Conflict,
                ErrorCodes.Conflict,
                $"The session '{request.Session}' is a conversation with another character, not with '{character.Slug}'. Leave X-Comox-Session out to start a new one.",
                "session");
        return request.AllNew && dialogue.All(said => said.IsUser)
            ? await Continuation.AfterAsync(db, session.Value, request.After, dialogue, cancellation)
            : await Reconciler.InSessionAsync(db, session.Value, dialogue, request.WholeTranscript, cancellation);
    }

    private static async Task<ApiResult<SuperPromptResponse>> AgainAsync(MemoryDb db, RequestRow answered, string digest, CancellationToken cancellation)
    {
        if (answered.Digest != digest)
            return new ApiError(StatusCodes.Status409Conflict, ErrorCodes.Conflict, $"The request id '{answered.Id}' was used for another request; make a new one for each.", "request_id");
        var json = await db.Receipts.Where(row => row.Id == answered.ReceiptId).Select(row => row.Json).FirstAsync(cancellation);
        if (JsonSerializer.Deserialize(json, MemoryJson.Default.Receipt)! is not { Messages.Count: > 0 } receipt)
            return new ApiError(StatusCodes.Status410Gone, ErrorCodes.TurnDeleted, $"The request '{answered.Id}' was answered with a prompt that showed a turn which has been deleted since. Ask again with a new request id.", "request_id");
        return new SuperPromptResponse
        {
            Session = answered.SessionId,
            UserTurn = answered.UserTurnId,
            ReplyTurn = answered.ReplyTurnId,
            Receipt = answered.ReceiptId,
            Messages = receipt.Messages,
            MaxReplyTokens = answered.MaxReplyTokens,
        };
    }

    private static string Digest(SuperPromptRequest request) =>
        Convert.ToHexStringLower(SHA256.HashData(JsonSerializer.SerializeToUtf8Bytes(request, MemoryJson.Default.SuperPromptRequest)));
}
