using System.Text.Json;
using Comox.Memory.Ingestion;
using Comox.Memory.ShortTerm;
using Comox.Memory.Storage;
using Microsoft.EntityFrameworkCore;

namespace Comox.Memory.Sessions;

/// <summary>
/// Makes rows of events. The same code serves the chat and the replay, so a replay of the log gives what the chat has built. Everything depends on the events
/// before it alone; nothing on the clock, on chance, or on how many were applied at once.
/// </summary>
internal sealed class SessionProjector(MemoryDb db, SessionRow session)
{
    private readonly TurnTree _tree = new(db, session);
    private readonly FactProjector _facts = new(db, session);
    private readonly SceneProjector _scenes = new(db, session);

    public async Task ApplyAsync(int number, SessionEvent entry, DateTimeOffset at, CancellationToken cancellation)
    {
        switch (entry)
        {
            case TurnSaid said:
                await _tree.AddAsync(number, said, cancellation);
                await _scenes.WitnessAsync(said.Heard ?? [], cancellation);
                break;
            case LineMoved moved:
                await _tree.MoveLineAsync(moved.Head, cancellation);
                break;
            case TurnMoved moved:
                await _tree.MoveTurnAsync(moved.Turn, moved.Parent, cancellation);
                break;
            case TurnEdited edited:
                await _tree.EditAsync(edited.Turn, edited.Content, cancellation);
                await MarkReadAsync([edited.Turn], false, cancellation);
                await _facts.DropAsync([edited.Turn], cancellation);
                break;
            case TurnsDeleted deleted:
                await DropDerivedAsync(deleted.Turns, cancellation);
                await _tree.DeleteAsync(deleted.Turns, cancellation);
                break;
            case ReplyTold told when await _tree.FindAsync(told.Turn, cancellation) is { } turn:
                (turn.FinishReason, turn.Model) = (told.FinishReason, told.Model);
                break;
            case FactsRead read when await _tree.FindAsync(read.Turn, cancellation) is { } turn:
                await _facts.ReadAsync(turn, read, cancellation);
                break;
            case TurnsRead read:
                await MarkReadAsync(read.Turns, true, cancellation);
                break;
            case FactForgotten forgotten:
                await _facts.ForgetAsync(forgotten.Fact, cancellation);
                break;
            case SceneChanged scene when scene.Turn is null || await _tree.FindAsync(scene.Turn, cancellation) is not null:
                await _scenes.AddAsync(number, scene, cancellation);
                break;
            case SummaryMade made when made.Previous is null || await HasSummaryAsync(made.Previous, cancellation):
                db.Add(new SummaryRow
                {
                    Id = made.Id, SessionId = session.Id, Chain = made.Chain, Depth = made.Depth, Number = number, Sources = JsonSerializer.Serialize(made.Sources),
                    Previous = made.Previous, Content = made.Content, Model = made.Model, CreatedAt = at,
                });
                break;
            case ReplyScored scored when await _tree.FindAsync(scored.Turn, cancellation) is not null:
                if (await db.ReplyScores.FindAsync([scored.Turn], cancellation) is { } old)
                    db.Remove(old);
                db.Add(new ReplyScoreRow { TurnId = scored.Turn, SessionId = session.Id, Total = scored.Total, Score = scored.Score });
                break;
        }
    }

    /// <summary>Has everything that the session's facts touch computed anew at the next settling.</summary>
    public Task TouchFactsAsync(CancellationToken cancellation) => _facts.TouchAsync(cancellation);

    public async Task SettleAsync(CancellationToken cancellation)
    {
        if (_tree.TakeTurned() is { Count: > 0 } turned)
            await _facts.SetLiveAsync(turned, cancellation);
        await _facts.SettleAsync(cancellation);
    }

    /// <summary>What came from turns, beside their places in the tree.</summary>
    private async Task DropDerivedAsync(IReadOnlyList<string> dropped, CancellationToken cancellation)
    {
        var turns = dropped.ToHashSet(StringComparer.Ordinal); // Looked for in each row that there is.
        await _facts.DropAsync(dropped, cancellation);
        db.RemoveRange(await Tracked.Async(db.ReplyScores, row => turns.Contains(row.TurnId), cancellation));
        await _scenes.DropAsync(turns, cancellation);
        var summaries = await Tracked.Async(db.Summaries, row => row.SessionId == session.Id, cancellation);
        var gone = SummarySources.MadeFrom(turns, summaries.Select(SummarySources.Of));
        db.RemoveRange(summaries.Where(summary => gone.Contains(summary.Id)));
    }

    private async Task MarkReadAsync(IReadOnlyList<string> turns, bool read, CancellationToken cancellation)
    {
        foreach (var id in turns)
        {
            if (await _tree.FindAsync(id, cancellation) is { } turn)
                turn.Extracted = read;
        }
    }

    // With what one stands on it goes too.
    private async Task<bool> HasSummaryAsync(string id, CancellationToken cancellation) =>
        await db.Summaries.FindAsync([id], cancellation) is { } summary && db.Entry(summary).State != EntityState.Deleted;
}
