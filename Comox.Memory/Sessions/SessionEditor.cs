using Comox.Memory.Ingestion;
using Comox.Memory.ShortTerm;
using Comox.Memory.Storage;
using Comox.Memory.Vectors;
using Comox.ServiceDefaults;
using Comox.ServiceDefaults.Clients;
using Comox.ServiceDefaults.Contracts.Memory;
using Comox.ServiceDefaults.Contracts.OpenAI;
using Microsoft.EntityFrameworkCore;

namespace Comox.Memory.Sessions;

/// <summary>Changes a conversation on a person's word: other words, another branch, a turn or a whole session gone. Memory follows in the same transaction.</summary>
internal sealed class SessionEditor(SessionChanges changes, TurnFacts facts, TurnErasure erasure, IVectorStore vectors, MemoryDbFactory databases)
{
    public Task<ApiResult<SessionTurn>> EditAsync(string sessionId, string turnId, string content, CancellationToken cancellation) =>
        ChangeAsync<SessionTurn>(sessionId, turnId, async (db, log, turn) =>
        {
            // Of what was forgotten, that stays forgotten whose words stay.
            var forgotten = (await ForgottenFacts.OfAsync(db, [turn.Id], cancellation))[turn.Id].Where(fact => content.Contains(fact.Quote, StringComparison.Ordinal)).ToList();
            await log.AppendAsync(cancellation, new TurnEdited(turn.Id, content));
            if (!BackgroundCalls.IsSubject(log.Session.Subject))
                await log.AppendAsync(cancellation, ForgottenFacts.Again(turn.Id, facts.Read(turn), forgotten));
            return SessionStore.View(turn);
        }, cancellation);

    public Task<ApiResult<SessionDetails>> MoveAsync(string sessionId, HeadChoice choice, CancellationToken cancellation) =>
        ChangeAsync<SessionDetails>(sessionId, choice.Turn, async (db, log, turn) =>
        {
            var head = choice.Exact ? turn : await NewestLeafAsync(db, turn, cancellation);
            await log.AppendAsync(cancellation, new LineMoved(head.Id));
            await log.SettleAsync(cancellation);
            await db.SaveChangesAsync(cancellation);
            return await SessionStore.DetailsAsync(db, log.Session, cancellation);
        }, cancellation);

    /// <summary>A turn alone, or, with <paramref name="following"/>, all that was said after it on every branch too.</summary>
    public Task<ApiResult<DeletionReceipt>> DeleteAsync(string sessionId, string turnId, bool following, CancellationToken cancellation) =>
        ForgottenAsync(ChangeAsync<DeletionReceipt>(
            sessionId, turnId, async (db, log, turn) =>
            {
                var turns = following ? await BelowAsync(db, turn, cancellation) : [turn.Id];
                var present = await PresentAsync(db, log.Session, cancellation);
                var receipt = await erasure.EraseAsync(db, log, turns, whole: false, cancellation);
                // Who is there goes on: a guest who left with the last turn would otherwise hear all that is said from here on.
                if (!present.Order(StringComparer.Ordinal).SequenceEqual((await PresentAsync(db, log.Session, cancellation)).Order(StringComparer.Ordinal)))
                    await log.AppendAsync(cancellation, new SceneChanged(log.Session.HeadId, null, null, present));

                // The worker, too, takes them away, and those that it was about to store; but it may be behind, or its role be taken away. A store that is down keeps the turns.
                return await vectors.DeleteAsync(log.Session.Subject, turns, cancellation) is { } notDeleted ? notDeleted : receipt;
            }, cancellation));

    /// <summary>The whole conversation, and what other conversations of the two showed of it.</summary>
    public Task<ApiResult<DeletionReceipt>> DeleteSessionAsync(string sessionId, CancellationToken cancellation) =>
        ForgottenAsync(changes.MakeAsync<DeletionReceipt>(sessionId, async (db, log) =>
        {
            var turns = await db.Turns.Where(turn => turn.SessionId == sessionId).OrderBy(turn => turn.Number).Select(turn => turn.Id).ToListAsync(cancellation);
            await using var transaction = await db.BeginAsync(cancellation);
            var receipt = await erasure.EraseAsync(db, log, turns, whole: true, cancellation);
            await db.SaveChangesAsync(cancellation);
            await db.Sessions.Where(row => row.Id == sessionId).ExecuteDeleteAsync(cancellation);
            // Before the log goes, because nobody would be left who knows what is to be deleted; a store that is down keeps the session.
            if (await vectors.DeleteAsync(new VectorFilter { Subject = log.Session.Subject, Session = sessionId }, cancellation) is { } notDeleted)
                return notDeleted;
            await transaction.CommitAsync(cancellation);
            // The worker may have stored some since, and could not see yet that the session goes. From here on it does.
            await vectors.DeleteAsync(new VectorFilter { Subject = log.Session.Subject, Session = sessionId }, CancellationToken.None);
            return receipt;
        }, cancellation));

    private async Task<ApiResult<DeletionReceipt>> ForgottenAsync(Task<ApiResult<DeletionReceipt>> deleting)
    {
        var deleted = await deleting;
        if (deleted.IsSuccess)
            await databases.ForgetAsync();
        return deleted;
    }

    private Task<ApiResult<T>> ChangeAsync<T>(string sessionId, string turnId, Func<MemoryDb, SessionLog, TurnRow, Task<ApiResult<T>>> change, CancellationToken cancellation)
        where T : class =>
        changes.MakeAsync<T>(
            sessionId,
            async (db, log) => await db.Turns.FirstOrDefaultAsync(row => row.Id == turnId && row.SessionId == sessionId, cancellation) is { } turn
                ? await change(db, log, turn)
                : MissingTurn(sessionId, turnId),
            cancellation);

    private static async Task<IReadOnlyList<string>> PresentAsync(MemoryDb db, SessionRow session, CancellationToken cancellation) =>
        await Presence.AfterAsync(db, session.Id, session.HeadId is null ? null : await db.Turns.FindAsync([session.HeadId], cancellation), cancellation);

    private static ApiError MissingTurn(string session, string turn) =>
        new(
            StatusCodes.Status404NotFound,
            ErrorCodes.TurnNotFound,
            $"The session '{session}' has no turn '{turn}'. GET /memory/sessions/{session}/tree lists all it has.",
            "turn");

    private static async Task<TurnRow> NewestLeafAsync(MemoryDb db, TurnRow turn, CancellationToken cancellation)
    {
        var children = (await db.Turns.Where(row => row.SessionId == turn.SessionId && row.Depth > turn.Depth).ToListAsync(cancellation)).ToLookup(row => row.ParentId!, StringComparer.Ordinal);
        while (children[turn.Id].MaxBy(child => child.Number) is { } newest)
            turn = newest;
        return turn;
    }

    /// <summary>The turn and all below it.</summary>
    private static async Task<IReadOnlyList<string>> BelowAsync(MemoryDb db, TurnRow turn, CancellationToken cancellation)
    {
        var children = (await db.Turns.Where(row => row.SessionId == turn.SessionId && row.Depth > turn.Depth).ToListAsync(cancellation)).ToLookup(row => row.ParentId!, StringComparer.Ordinal);
        var below = new List<TurnRow> { turn };
        for (var at = 0; at < below.Count; at++)
            below.AddRange(children[below[at].Id].OrderBy(child => child.Number));
        return [.. below.Select(row => row.Id)];
    }
}
