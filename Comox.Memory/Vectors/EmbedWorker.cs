using Comox.Memory.Consolidation;
using Comox.Memory.Diagnostics;
using Comox.Memory.Sessions;
using Comox.Memory.Storage;
using Comox.Memory.Vectors.Embedding;
using Comox.ServiceDefaults;
using Comox.ServiceDefaults.Clients;
using Comox.ServiceDefaults.Contracts.OpenAI;
using Microsoft.EntityFrameworkCore;

namespace Comox.Memory.Vectors;

/// <summary>
/// Turns what is said into vectors, in the background, by the model of the <c>embed</c> role; and takes away those of what was deleted. Turns of every branch
/// have theirs, because a branch may come back; recall looks only at those on the line. A repeat changes nothing: a turn's vector has the turn's id.
/// </summary>
internal sealed class EmbedWorker(IEmbedder embedder, IVectorStore vectors, TimeProvider time, ILogger<EmbedWorker> log) : ISessionWorker
{
    private const int EventsAtOnce = 256;
    private const int TextsAtOnce = 32;
    private const int MaxText = 4000;
    private const int ShortestText = 250;

    /// <summary>Of what its places tell: the model that made the vectors, and the kind of store they are in.</summary>
    private const string Mark = "vectors:";

    public string Name => "embed";

    public bool IsEnabled => !string.IsNullOrEmpty(embedder.Model);

    /// <summary>Its places are those of one model in one store. Of another, or where the store was lost, all that was ever said is to be embedded anew.</summary>
    public async Task<bool> BeginAsync(MemoryDb db, CancellationToken cancellation)
    {
        var (isNew, unknown) = await vectors.IsNewAsync(cancellation);
        if (unknown is not null)
            return false; // What was lost would look as if it had just been made, once something is in it.
        var mark = Current;
        var marks = await db.Marks.Where(row => row.Name.StartsWith(Mark)).Select(row => row.Name).ToListAsync(cancellation);
        var isOther = marks.Count > 0 && !marks.Contains(mark);
        await using var transaction = await db.Database.BeginTransactionAsync(cancellation);
        if (isOther || isNew)
        {
            var again = await db.Cursors.Where(row => row.Worker == Name && row.Number > 0)
                .ExecuteUpdateAsync(row => row.SetProperty(cursor => cursor.Number, 0).SetProperty(cursor => cursor.Failures, 0).SetProperty(cursor => cursor.RetryAt, (DateTimeOffset?)null), cancellation);
            if (again > 0)
                VectorLog.MadeAnew(log, again, embedder.Model!, vectors.Description);
        }

        await db.Marks.Where(row => row.Name.StartsWith(Mark) && row.Name != mark).ExecuteDeleteAsync(cancellation);
        await db.Database.ExecuteSqlAsync($"INSERT INTO marks (name, at) VALUES ({mark}, {time.GetUtcNow().ToUnixTimeMilliseconds()}) ON CONFLICT DO NOTHING", cancellation);
        await transaction.CommitAsync(cancellation);
        return true;
    }

    public async Task<ApiResult<WorkDone>> WorkAsync(MemoryDb db, SessionRow session, int after, CancellationToken cancellation)
    {
        // While one version takes the place of another, two processes may embed by two models.
        if (!await IsOursAsync(db, cancellation))
            return new ApiError(StatusCodes.Status409Conflict, ErrorCodes.Conflict, "Another process on this database embeds by another model; the places are its.");
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
            return Done(through);
        var embedded = await EmbedAsync(session, turns, cancellation);
        if (!embedded.IsSuccess)
            return embedded.Error;
        foreach (var space in embedded.Value.GroupBy(each => each.Space))
        {
            var points = space.Select(each => new VectorPoint
            {
                Id = each.Turn.Id, Character = session.CharacterId, Session = session.Id, Turn = each.Turn.Id, Witnesses = [session.CharacterId], Kind = VectorKind.Turn,
                SaidAt = each.Turn.CreatedAt, Vector = each.Vector,
            });
            if (await vectors.UpsertAsync(space.Key, session.Subject, [.. points], cancellation) is { } notStored)
                return notStored;
        }

        // 3. A session that was deleted meanwhile has no log any more that would tell of it.
        if (!await db.Sessions.AnyAsync(row => row.Id == session.Id, cancellation)
            && await vectors.DeleteAsync(new VectorFilter { Subject = session.Subject, Session = session.Id }, cancellation) is { } notTakenBack)
            return notTakenBack;
        return Done(through);
    }

    private string Current => $"{Mark}{vectors.Kind}:{embedder.Model}";

    private async Task<bool> IsOursAsync(MemoryDb db, CancellationToken cancellation)
    {
        var mark = Current;
        return await db.Marks.AnyAsync(row => row.Name == mark, cancellation);
    }

    private WorkDone Done(int through) => new(through, [], IsOursAsync);

    /// <summary>All of them at once; where the model refuses that, each by itself, and cut until it is taken: a model that reads 512 tokens must not keep all that is said later from having vectors.</summary>
    private async Task<ApiResult<List<(TurnRow Turn, VectorSpace Space, ReadOnlyMemory<float> Vector)>>> EmbedAsync(SessionRow session, List<TurnRow> turns, CancellationToken cancellation)
    {
        var all = await embedder.EmbedAsync([.. turns.Select(turn => Cut(turn.Content, MaxText))], cancellation);
        if (all.IsSuccess)
            return turns.Select((turn, at) => (turn, all.Value.Space, all.Value.Vectors[at])).ToList();
        if (!IsRefusal(all.Error) || await embedder.EmbedAsync(["Hello."], cancellation) is { IsSuccess: false })
            return all.Error;

        var taken = new List<(TurnRow, VectorSpace, ReadOnlyMemory<float>)>();
        foreach (var turn in turns)
        {
            var one = await embedder.EmbedAsync([Cut(turn.Content, MaxText)], cancellation);
            for (var longest = Math.Min(turn.Content.Length, MaxText) / 2; !one.IsSuccess && IsRefusal(one.Error) && longest >= ShortestText; longest /= 2)
                one = await embedder.EmbedAsync([Cut(turn.Content, longest)], cancellation);
            if (one.IsSuccess)
                taken.Add((turn, one.Value.Space, one.Value.Vectors[0]));
            else if (IsRefusal(one.Error))
                MemoryLog.PassedOver(log, session.Id, turn.Id, embedder.Model!, one.Error.Message);
            else
                return one.Error;
        }

        return taken;
    }

    // An answer, and not the lack of one: what is down, busy or not there is waited for.
    private static bool IsRefusal(ApiError error) => error.Status is StatusCodes.Status400BadRequest or StatusCodes.Status413PayloadTooLarge or StatusCodes.Status422UnprocessableEntity
        or StatusCodes.Status500InternalServerError or StatusCodes.Status502BadGateway;

    // Not between the halves of a character.
    private static string Cut(string text, int longest) => text.Length <= longest ? text : text[..(char.IsHighSurrogate(text[longest - 1]) ? longest - 1 : longest)];

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
