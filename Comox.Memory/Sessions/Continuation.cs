using Comox.Memory.Storage;
using Comox.ServiceDefaults;
using Comox.ServiceDefaults.Clients;
using Comox.ServiceDefaults.Contracts.OpenAI;
using Microsoft.EntityFrameworkCore;

namespace Comox.Memory.Sessions;

/// <summary>Where messages go that are new, all of them: after a reply that was named, or at the session's end.</summary>
internal static class Continuation
{
    /// <param name="db">The database.</param>
    /// <param name="session">The session.</param>
    /// <param name="after">The reply's id; null: the session's end.</param>
    /// <param name="dialogue">What is new; the last is the person's message.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <returns>404 for a reply that this session never had.</returns>
    public static async Task<ApiResult<Placement>> AfterAsync(
        MemoryDb db, SessionRow session, string? after, IReadOnlyList<Utterance> dialogue, CancellationToken cancellation)
    {
        if (after is null)
            return await AtEndAsync(db, session, dialogue, cancellation);
        var named = await TurnAsync(db, session, after, cancellation);
        // A reply without a word answers nothing: the message that it is to is what is gone on from.
        if (named is { Role: Utterance.Assistant, ParentId: { } asked } && string.IsNullOrWhiteSpace(named.Content))
            named = await TurnAsync(db, session, asked, cancellation);
        if (named is not null)
            return await FromAsync(db, session, named, dialogue, cancellation);

        // It is on its way, or nobody brought it: its message is where it belongs. What has been deleted, that too, leaves the session's end.
        var promised = await db.Requests.AsNoTracking().FirstOrDefaultAsync(request => request.SessionId == session.Id && request.ReplyTurnId == after, cancellation);
        if (promised is not null && await TurnAsync(db, session, promised.UserTurnId, cancellation) is { } question)
            return await FromAsync(db, session, question, dialogue, cancellation);
        return promised is not null || await db.Events.AnyAsync(row => row.SessionId == session.Id && row.TurnId == after, cancellation)
            ? await AtEndAsync(db, session, dialogue, cancellation)
            : new ApiError(StatusCodes.Status404NotFound, ErrorCodes.TurnNotFound, $"The session '{session.Id}' has no reply '{after}'.", "after");
    }

    /// <summary>After the last turn, whatever the messages are.</summary>
    public static async Task<Placement> AtEndAsync(MemoryDb db, SessionRow session, IReadOnlyList<Utterance> dialogue, CancellationToken cancellation)
    {
        // Messages whose reply never came are sent again as they are: they are the same turns, not new ones.
        var end = session.HeadId is null ? null : await TurnAsync(db, session, session.HeadId, cancellation);
        var unanswered = new List<TurnRow>();
        for (var turn = end; turn is { Role: Utterance.User } && unanswered.Count < dialogue.Count; turn = turn.ParentId is null ? null : await TurnAsync(db, session, turn.ParentId, cancellation))
            unanswered.Insert(0, turn);
        var again = unanswered.Count;
        while (again > 0 && !unanswered.TakeLast(again).Zip(dialogue).All(pair => pair.Second.Says(pair.First.Role, pair.First.Content)))
            again--;
        return again == dialogue.Count
            ? new Placement(session, null, [], end)
            : new Placement(session, end, [.. dialogue.Skip(again).SkipLast(1)], null);
    }

    private static async Task<Placement> FromAsync(MemoryDb db, SessionRow session, TurnRow parent, IReadOnlyList<Utterance> dialogue, CancellationToken cancellation)
    {
        var known = 0;
        while (known + 1 < dialogue.Count && await Placement.ChildAsync(db, parent, dialogue[known], cancellation) is { } next)
            (parent, known) = (next, known + 1);
        return await Placement.AtAsync(db, session, parent, [.. dialogue.Skip(known).SkipLast(1)], dialogue[^1], cancellation);
    }

    private static Task<TurnRow?> TurnAsync(MemoryDb db, SessionRow session, string id, CancellationToken cancellation) =>
        db.Turns.FirstOrDefaultAsync(turn => turn.Id == id && turn.SessionId == session.Id, cancellation);
}
