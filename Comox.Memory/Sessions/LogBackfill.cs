using Comox.Memory.Ingestion;
using Comox.Memory.Storage;
using Microsoft.EntityFrameworkCore;

namespace Comox.Memory.Sessions;

/// <summary>Writes the logs of sessions from before there were logs, out of their turns and facts, and projects them. Once; what has a log is left alone.</summary>
internal static class LogBackfill
{
    public static async Task RunAsync(MemoryDb db, CancellationToken cancellation)
    {
        var sessions = await db.Sessions.AsNoTracking()
            .Where(session => db.Turns.Any(turn => turn.SessionId == session.Id) && !db.Events.Any(entry => entry.SessionId == session.Id))
            .Select(session => new { session.Id, session.Subject, session.CharacterId }).ToListAsync(cancellation);
        foreach (var (id, subject, character) in sessions.Select(session => (session.Id, session.Subject, session.CharacterId)))
        {
            // Log and projections together: a session with a log is never looked at again. Another process, started at the same moment, may be at it.
            await db.HoldAsync(subject, character, cancellation);
            await using var transaction = await db.BeginAsync(cancellation);
            if (await db.Events.AnyAsync(entry => entry.SessionId == id, cancellation) || await db.Sessions.FirstOrDefaultAsync(row => row.Id == id, cancellation) is not { } session)
                continue;
            var log = await EventsAsync(db, session, cancellation);
            db.AddRange(log);
            session.Version = log.Count;
            await db.SaveChangesAsync(cancellation);
            await SessionReplay.ProjectAsync(db, id, log, cancellation);
            await transaction.CommitAsync(cancellation);
            db.ChangeTracker.Clear();
        }
    }

    private static async Task<List<EventRow>> EventsAsync(MemoryDb db, SessionRow session, CancellationToken cancellation)
    {
        var turns = await db.Turns.AsNoTracking().Where(turn => turn.SessionId == session.Id).ToListAsync(cancellation);
        var children = turns.OrderBy(turn => turn.CreatedAt).ThenBy(turn => turn.Id, StringComparer.Ordinal).ToLookup(turn => turn.ParentId ?? "", StringComparer.Ordinal);
        var facts = (await db.Facts.AsNoTracking().Where(fact => fact.SessionId == session.Id).ToListAsync(cancellation)).ToLookup(fact => fact.TurnId, StringComparer.Ordinal);

        // Parents before children; otherwise in the order in which they were said.
        var events = new List<(SessionEvent Event, DateTimeOffset At)>();
        var open = new PriorityQueue<TurnRow, (DateTimeOffset, string)>();
        foreach (var root in children[""])
            open.Enqueue(root, (root.CreatedAt, root.Id));
        while (open.TryDequeue(out var turn, out _))
        {
            events.Add((new TurnSaid(turn.Id, turn.ParentId, turn.Role, turn.Content, turn.CreatedAt, turn.ReceiptId, turn.FinishReason, turn.Model), turn.CreatedAt));
            var read = facts[turn.Id].OrderBy(fact => fact.Id, StringComparer.Ordinal)
                .Select(fact => new ReadFact(fact.Id, fact.Relation, fact.Object, fact.Retracts, fact.QuoteStart, fact.Quote)).ToList();
            if (read.Count > 0)
                events.Add((new FactsRead(turn.Id, TurnFacts.Reader, read), turn.CreatedAt));
            foreach (var child in children[turn.Id])
                open.Enqueue(child, (child.CreatedAt, child.Id));
        }

        events.Add((new LineMoved(session.HeadId), session.UpdatedAt));
        return
        [
            .. events.Select((entry, at) => new EventRow { SessionId = session.Id, Number = at + 1, TurnId = entry.Event.Of(), Body = SessionLog.Write(entry.Event), At = entry.At }),
        ];
    }
}
