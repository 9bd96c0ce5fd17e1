using System.Text.Json;
using Comox.Memory.Storage;

namespace Comox.Memory.Sessions;

/// <summary>
/// Appends to a session's log and brings its projections along, on tracked rows: the caller's one <c>SaveChanges</c> writes the events with all their
/// consequences, or nothing. The caller holds the conversation's lock; <see cref="SessionRow.Version"/> refuses whoever does not.
/// </summary>
internal sealed class SessionLog(MemoryDb db, SessionRow session, TimeProvider time)
{
    /// <summary>How an event begins in its row that changes the facts of its turn, and nothing else.</summary>
    public const string OfFacts = "{\"kind\":\"fact";

    private readonly SessionProjector _projector = new(db, session);

    public SessionRow Session => session;

    /// <summary>Never before what was said last: a clock may be set back, and those of two replicas differ, and what is said later would count as said before.</summary>
    public DateTimeOffset Now() => time.Now() is var now && now > session.UpdatedAt ? now : session.UpdatedAt;

    /// <summary>Appends, in this order.</summary>
    public async Task AppendAsync(CancellationToken cancellation, params IEnumerable<SessionEvent> events)
    {
        var now = Now();
        foreach (var entry in events)
        {
            session.Version++;
            if (entry.IsTalk())
                session.UpdatedAt = now;
            db.Add(new EventRow { SessionId = session.Id, Number = session.Version, TurnId = entry.Of(), Body = Write(entry), At = now });
            await _projector.ApplyAsync(session.Version, entry, now, cancellation);
        }
    }

    /// <summary>Brings up to date what depends on the line as a whole. Once, after the last event and before saving.</summary>
    public Task SettleAsync(CancellationToken cancellation) => _projector.SettleAsync(cancellation);

    public static string Write(SessionEvent entry) => JsonSerializer.Serialize(entry, SessionEventJson.Default.SessionEvent);

    public static SessionEvent Read(EventRow row) =>
        JsonSerializer.Deserialize(row.Body, SessionEventJson.Default.SessionEvent) ?? throw new InvalidOperationException($"Event {row.Number} of {row.SessionId} is null.");
}
