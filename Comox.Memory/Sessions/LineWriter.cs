using Comox.Memory.Ingestion;
using Comox.Memory.ShortTerm;
using Comox.Memory.Storage;
using Comox.ServiceDefaults;
using Microsoft.EntityFrameworkCore;

namespace Comox.Memory.Sessions;

/// <summary>
/// A session's line as it will be once the pending changes are saved. <c>Path</c> has the stored turns before the new ones, oldest first: all of them
/// after a branch, else the newest. <c>Branched</c>: turns left or rejoined the line, so that the recall index of the session does not show it.
/// </summary>
internal sealed record PreparedLine(
    SessionRow Session, TurnRow UserTurn, IReadOnlyList<TurnRow> Path, IReadOnlyList<TurnRow> Added, IReadOnlyList<ToldFact> NewFacts, bool Branched);

/// <summary>Puts what was said into its place, with the facts in it. Nothing is saved yet.</summary>
internal sealed class LineWriter(NewSessions sessions, TurnFacts facts, TimeProvider time)
{
    // No profile shows more of a running conversation.
    private const int NewestTurns = 1000;

    public async Task<PreparedLine> PrepareAsync(
        MemoryDb db, Placement placement, string characterId, string subject, Utterance message, CancellationToken cancellation)
    {
        var session = placement.Session ?? sessions.Row(characterId, subject);
        if (placement.Session is null)
            db.Add(session);
        if (placement.Session is null && BackgroundCalls.IsSubject(subject))
            await BackgroundCalls.ForgetOldAsync(db, session, cancellation);

        var end = placement.Known ?? placement.Parent;
        var branched = end?.Id != session.HeadId;
        // What a branch leaves behind is read where it has something to look for in it.
        var tree = branched && (end is not null || placement.Imported.Count > 0) && placement.Session is not null ? await TreeAsync(db, session.Id, cancellation) : null;
        IReadOnlyList<TurnRow> path = end is null ? [] : tree is not null ? PathTo(end, tree) : await NewestAsync(db, session.Id, end, cancellation);
        var log = new SessionLog(db, session, time);
        if (placement.Known is not null)
        {
            // Another reply to a turn of the line: what follows the turn stays until that reply is there, for it may never come.
            if (!placement.Known.Current)
                await log.AppendAsync(cancellation, new LineMoved(end!.Id));
            else if (await Scenes.SinceReplyAsync(db, session, placement.Known, cancellation) is { } scene)
                await log.AppendAsync(cancellation, scene);
            await log.SettleAsync(cancellation);
            return new PreparedLine(session, end!, path, [], [], branched);
        }

        var heard = placement.Session is null ? [] : await Presence.AfterAsync(db, session.Id, end, cancellation);
        List<TurnRow> left = tree is null || placement.Imported.Count == 0 ? [] : [.. tree.Values.Except(path).OrderByDescending(turn => turn.Number)];
        var added = new List<TurnRow>();
        var anew = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (at, said) in placement.Imported.Append(message).Index())
        {
            var before = at < placement.Imported.Count ? TakeLeft(left, said, (end?.Depth ?? 0) + 1) : null;
            // A reply that was prompted for gets the id that waits for it, so that its later recording finds it.
            var prompted = end is { Role: Utterance.User } && !said.IsUser ? await PendingReplies.OfAsync(db, end, cancellation) : null;
            var id = prompted?.ReplyTurnId ?? Ids.New("trn", time);
            await log.AppendAsync(cancellation, new TurnSaid(id, end?.Id, said.Role, said.Content, before?.CreatedAt ?? log.Now(), prompted?.ReceiptId, Heard: before?.Heard is { } then ? Presence.Read(then) : heard));
            end = (await db.Turns.FindAsync([id], cancellation))!;
            added.Add(end);
            if (before is not null)
                anew[id] = before.Id;
            // What was made of the scene after it holds after it here, too, and whoever was sent out has not come back.
            if (before is { Current: true } && await Scenes.CopyAsync(db, session.Id, before.Id, id, cancellation) is { } scene)
                await log.AppendAsync(cancellation, scene);
            if (before is not null)
                heard = await Presence.AfterAsync(db, session.Id, end, cancellation);
        }

        // A message in the place of another is that one, edited.
        if (branched && placement.Session is not null && await db.Turns.AsNoTracking().Where(turn => turn.SessionId == session.Id && turn.Current && turn.Depth == end!.Depth && turn.Role == Utterance.User)
            .Select(turn => turn.Id).FirstOrDefaultAsync(cancellation) is { } edited)
        {
            anew[end!.Id] = edited;
        }

        var forgotten = anew.Count == 0 ? null : await ForgottenFacts.OfAsync(db, anew.Values, cancellation);
        await log.AppendAsync(cancellation, [
            new LineMoved(end!.Id),
            .. BackgroundCalls.IsSubject(subject) ? [] : added.SelectMany(turn => ForgottenFacts.Again(
                turn.Id, facts.Read(turn), anew.TryGetValue(turn.Id, out var then) ? forgotten![then].Where(fact => turn.Content.Contains(fact.Quote, StringComparison.Ordinal)) : [])),
        ]);
        await log.SettleAsync(cancellation);
        var told = db.Facts.Local.ToLookup(fact => fact.TurnId, StringComparer.Ordinal);
        return new PreparedLine(
            session, end, path, added, [.. added.SelectMany(turn => told[turn.Id].OrderBy(fact => fact.Id, StringComparer.Ordinal).Select(fact => ToldFact.From(fact, turn.Depth)))], branched);
    }

    /// <summary>
    /// The turn that an imported one is, or takes the place of: it was said when that was said, and its facts are no newer than they were. On the line and nearest to its place first, and each once.
    /// </summary>
    private static TurnRow? TakeLeft(List<TurnRow> left, Utterance said, int depth)
    {
        var same = left.Where(turn => said.Says(turn.Role, turn.Content)).OrderByDescending(turn => turn.Current).ThenBy(turn => Math.Abs(turn.Depth - depth)).FirstOrDefault()
            ?? left.Find(turn => turn.Current && turn.Depth == depth && turn.Role == said.Role);
        if (same is not null)
            left.Remove(same);
        return same;
    }

    private static Task<Dictionary<string, TurnRow>> TreeAsync(MemoryDb db, string sessionId, CancellationToken cancellation) =>
        db.Turns.AsNoTracking().Where(turn => turn.SessionId == sessionId).ToDictionaryAsync(turn => turn.Id, StringComparer.Ordinal, cancellation);

    private static async Task<IReadOnlyList<TurnRow>> NewestAsync(MemoryDb db, string sessionId, TurnRow end, CancellationToken cancellation) =>
        await db.Turns.AsNoTracking().Where(turn => turn.SessionId == sessionId && turn.Current && turn.Depth > end.Depth - NewestTurns).OrderBy(turn => turn.Depth).ToListAsync(cancellation);

    private static List<TurnRow> PathTo(TurnRow end, Dictionary<string, TurnRow> tree)
    {
        var path = new List<TurnRow>();
        for (var turn = tree[end.Id]; ; turn = tree[turn.ParentId])
        {
            path.Add(turn);
            if (turn.ParentId is null)
                break;
        }

        path.Reverse();
        return path;
    }
}
