using System.Text.Json;
using Comox.Memory.Sessions;
using Comox.Memory.Storage;
using Microsoft.EntityFrameworkCore;

namespace Comox.Memory.ShortTerm;

/// <summary>The scenes of a session as rows, and which characters were ever guests in it.</summary>
internal sealed class SceneProjector(MemoryDb db, SessionRow session)
{
    public async Task AddAsync(int number, SceneChanged scene, CancellationToken cancellation)
    {
        db.Add(new SceneRow
        {
            SessionId = session.Id, Number = number, TurnId = scene.Turn, Place = scene.Place, Time = scene.Time,
            Present = scene.Present is null ? null : JsonSerializer.Serialize(scene.Present),
        });
        await WitnessAsync(scene.Present ?? [], cancellation);
    }

    public async Task WitnessAsync(IReadOnlyList<string> present, CancellationToken cancellation)
    {
        foreach (var guest in Guests(present))
        {
            if (await db.Witnesses.FindAsync([session.Id, guest], cancellation) is not { } known)
                db.Add(new WitnessRow { SessionId = session.Id, CharacterId = guest, Subject = session.Subject });
            else if (db.Entry(known) is { State: EntityState.Deleted } leaving)
                leaving.State = EntityState.Unchanged;
        }
    }

    /// <summary>A scene goes with the turn with which it began; what was heard in it stays with the turns that were.</summary>
    public async Task DropAsync(IReadOnlySet<string> turns, CancellationToken cancellation)
    {
        var scenes = await Tracked.Async(db.Scenes, row => row.SessionId == session.Id, cancellation);
        var gone = scenes.Where(row => row.TurnId is not null && turns.Contains(row.TurnId)).ToList();
        if (gone.Exists(row => row.Present is not null))
            await NoteAsync(scenes, cancellation);
        db.RemoveRange(gone);
        var witnesses = await Tracked.Async(db.Witnesses, row => row.SessionId == session.Id, cancellation);
        if (witnesses.Count == 0)
            return;
        var heard = (await Tracked.Async(db.Turns, row => row.SessionId == session.Id && row.Heard != null, cancellation)).Where(row => !turns.Contains(row.Id)).Select(row => row.Heard);
        var left = scenes.Except(gone).Select(row => row.Present).Concat(heard).Distinct(StringComparer.Ordinal).SelectMany(list => Guests(Presence.Read(list))).ToHashSet(StringComparer.Ordinal);
        db.RemoveRange(witnesses.Where(row => !left.Contains(row.CharacterId)));
    }

    /// <summary>Of turns from before it was noted who heard them, the scenes alone tell: before one goes it is written down.</summary>
    private async Task NoteAsync(List<SceneRow> scenes, CancellationToken cancellation)
    {
        var turns = (await Tracked.Async(db.Turns, row => row.SessionId == session.Id, cancellation)).ToDictionary(row => row.Id, StringComparer.Ordinal);
        foreach (var turn in turns.Values.Where(row => row.Heard is null).OrderBy(row => row.Depth))
        {
            turn.Heard = scenes.Where(row => row.TurnId == turn.ParentId && row.Present is not null && row.Number < turn.Number).MaxBy(row => row.Number)?.Present
                ?? (turn.ParentId is null ? null : turns[turn.ParentId].Heard) ?? "[]";
        }
    }

    // The session's own character is there whatever a scene says.
    private IEnumerable<string> Guests(IEnumerable<string> present) => present.Where(character => character != session.CharacterId).Distinct(StringComparer.Ordinal);
}
