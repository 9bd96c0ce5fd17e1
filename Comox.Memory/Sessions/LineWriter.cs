using Comox.Memory.Ingestion;
using Comox.Memory.Storage;
using Microsoft.EntityFrameworkCore;

namespace Comox.Memory.Sessions;

/// <summary>
/// A session's line as it will be once the pending changes are saved. <c>Path</c> has the stored turns before the new ones, oldest first: all of them
/// after a branch, else the newest. <c>Branched</c>: turns left or rejoined the line, so that the recall index of the session does not show it.
/// </summary>
internal sealed record PreparedLine(
    SessionRow Session, TurnRow UserTurn, IReadOnlyList<TurnRow> Path, IReadOnlyList<TurnRow> Added, IReadOnlyList<ToldFact> NewFacts, bool Branched);

/// <summary>Puts what was said into its place, with the facts in it. Nothing is saved yet.</summary>
internal sealed class LineWriter(NewSessions sessions, IFactExtractor extractor, TimeProvider time)
{
    // No profile shows more of a running conversation.
    private const int NewestTurns = 1000;

    public async Task<PreparedLine> PrepareAsync(
        MemoryDb db, Placement placement, string characterId, string subject, Utterance message, CancellationToken cancellation)
    {
        var session = placement.Session ?? sessions.Row(characterId, subject);
        if (placement.Session is null)
            db.Add(session);

        var end = placement.Known ?? placement.Parent;
        var branched = end?.Id != session.HeadId;
        var path = end is null ? [] : await PathAsync(db, session.Id, end, branched, cancellation);
        var line = new SessionLine(db, session, time);
        // Another reply to a turn of the line: what follows the turn stays until that reply is there, for it may never come.
        if (placement.Known is not { Current: true })
            await line.MoveToAsync(end, cancellation);

        var added = new List<TurnRow>();
        var facts = new List<ToldFact>();
        if (placement.Known is null)
        {
            foreach (var said in placement.Imported.Append(message))
            {
                var pending = end is { Role: Utterance.User } && !said.IsUser ? await PendingReplies.OfAsync(db, end, cancellation) : null;
                end = line.Append(end, said, pending);
                added.Add(end);
                if (said.IsUser && !BackgroundCalls.IsSubject(subject) && !BackgroundCalls.QuotesChat(said.Content))
                    facts.AddRange(Facts(db, session, end));
            }
        }

        return new PreparedLine(session, end!, path, added, facts, branched);
    }

    private IEnumerable<ToldFact> Facts(MemoryDb db, SessionRow session, TurnRow turn)
    {
        var number = 0;
        foreach (var fact in extractor.Extract(turn.Content))
        {
            var row = new FactRow
            {
                // From its turn, so that the same turn has the same facts and they sort in the order of the words.
                Id = $"fct_{turn.Id[(turn.Id.IndexOf('_', StringComparison.Ordinal) + 1)..]}_{number++:D3}",
                TurnId = turn.Id,
                SessionId = session.Id,
                CharacterId = session.CharacterId,
                Subject = session.Subject,
                Relation = fact.Relation,
                Object = fact.Object,
                Retracts = fact.Retracts,
                QuoteStart = fact.QuoteStart,
                Quote = fact.Quote,
                SaidAt = turn.CreatedAt,
            };
            db.Add(row);
            yield return ToldFact.From(row, turn.Depth);
        }
    }

    private static async Task<IReadOnlyList<TurnRow>> PathAsync(MemoryDb db, string sessionId, TurnRow end, bool branched, CancellationToken cancellation)
    {
        if (!branched)
        {
            var newest = await db.Turns.AsNoTracking().Where(turn => turn.SessionId == sessionId && turn.Current && turn.Depth > end.Depth - NewestTurns)
                .OrderBy(turn => turn.Depth).ToListAsync(cancellation);
            return newest;
        }

        var tree = await db.Turns.AsNoTracking().Where(turn => turn.SessionId == sessionId).ToDictionaryAsync(turn => turn.Id, StringComparer.Ordinal, cancellation);
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
