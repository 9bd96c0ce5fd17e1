using Comox.Memory.Consolidation;
using Comox.Memory.Sessions;
using Comox.Memory.Storage;
using Comox.Memory.Vectors.Embedding;
using Comox.ServiceDefaults.Clients;
using Microsoft.EntityFrameworkCore;

namespace Comox.Memory.Vectors;

/// <summary>
/// Turns what is said into vectors, in the background, by the model of the <c>embed</c> role; and takes away those of what was deleted. Turns of every branch
/// have theirs, because a branch may come back; recall looks only at those on the line. A repeat changes nothing: a turn's vector has the turn's id.
/// </summary>
internal sealed class EmbedWorker(IEmbedder embedder, IVectorStore vectors) : ISessionWorker
{
    private const int EventsAtOnce = 256;
    private const int TextsAtOnce = 32;
    private const int MaxText = 4000;

    public string Name => "embed";

    public bool IsEnabled => !string.IsNullOrEmpty(embedder.Model);

    public async Task<ApiResult<WorkDone>> WorkAsync(MemoryDb db, SessionRow session, int after, CancellationToken cancellation)
    {
        var fresh = await db.Events.AsNoTracking().Where(row => row.SessionId == session.Id && row.Number > after && row.Number <= session.Version)
            .OrderBy(row => row.Number).Take(EventsAtOnce).ToListAsync(cancellation);
        var (said, gone, through) = Due(fresh, session.Version);

        // 1. What was deleted goes first: it must not wait for a model.
        if (gone.Count > 0 && await vectors.DeleteAsync(session.Subject, gone, cancellation) is { } notDeleted)
            return notDeleted;

        // 2. The turns as they are now: one that was edited or deleted since has a later event of its own.
        var turns = await db.Turns.AsNoTracking().Where(turn => said.Contains(turn.Id)).OrderBy(turn => turn.Number).ToListAsync(cancellation);
        turns.RemoveAll(turn => string.IsNullOrWhiteSpace(turn.Content));
        if (turns.Count == 0)
            return WorkDone.Nothing(through);
        var embedded = await embedder.EmbedAsync([.. turns.Select(turn => turn.Content.Length <= MaxText ? turn.Content : turn.Content[..MaxText])], cancellation);
        if (!embedded.IsSuccess)
            return embedded.Error;
        var points = turns.Select((turn, at) => new VectorPoint
        {
            Id = turn.Id, Character = session.CharacterId, Session = session.Id, Turn = turn.Id, Witnesses = [session.CharacterId], Kind = VectorKind.Turn,
            SaidAt = turn.CreatedAt, Vector = embedded.Value.Vectors[at],
        });
        if (await vectors.UpsertAsync(embedded.Value.Space, session.Subject, [.. points], cancellation) is { } notStored)
            return notStored;

        // 3. A session that was deleted meanwhile has no log any more that would tell of it.
        if (!await db.Sessions.AnyAsync(row => row.Id == session.Id, cancellation)
            && await vectors.DeleteAsync(new VectorFilter { Subject = session.Subject, Session = session.Id }, cancellation) is { } notTakenBack)
            return notTakenBack;
        return WorkDone.Nothing(through);
    }

    private static (List<string> Said, List<string> Gone, int Through) Due(IReadOnlyList<EventRow> fresh, int last)
    {
        var said = new List<string>();
        var gone = new List<string>();
        foreach (var row in fresh)
        {
            switch (SessionLog.Read(row))
            {
                case TurnSaid or TurnEdited when row.TurnId is { } turn && !said.Contains(turn):
                    if (said.Count == TextsAtOnce)
                        return (said, gone, row.Number - 1);
                    said.Add(turn);
                    break;
                case TurnsDeleted deleted:
                    gone.AddRange(deleted.Turns);
                    said.RemoveAll(deleted.Turns.Contains);
                    break;
            }
        }

        return (said, gone, fresh.Count == EventsAtOnce ? fresh[^1].Number : last);
    }
}
