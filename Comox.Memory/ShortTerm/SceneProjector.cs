using System.Text.Json;
using Comox.Memory.Sessions;
using Comox.Memory.Storage;
using Microsoft.EntityFrameworkCore;

namespace Comox.Memory.ShortTerm;

/// <summary>The scenes of a session as rows, and which characters they ever name as guests.</summary>
internal sealed class SceneProjector(MemoryDb db, SessionRow session)
{
    public async Task AddAsync(int number, SceneChanged scene, CancellationToken cancellation)
    {
        db.Add(new SceneRow
        {
            SessionId = session.Id, Number = number, TurnId = scene.Turn, Place = scene.Place, Time = scene.Time,
            Present = scene.Present is null ? null : JsonSerializer.Serialize(scene.Present),
        });
        foreach (var guest in Guests(scene.Present ?? []))
        {
            if (await db.Witnesses.FindAsync([session.Id, guest], cancellation) is not { } known)
                db.Add(new WitnessRow { SessionId = session.Id, CharacterId = guest, Subject = session.Subject });
            else if (db.Entry(known) is { State: EntityState.Deleted } leaving)
                leaving.State = EntityState.Unchanged;
        }
    }

    /// <summary>A scene goes with the turn with which it began.</summary>
    public async Task DropAsync(IReadOnlyList<string> turns, CancellationToken cancellation)
    {
        var scenes = await Tracked.Async(db.Scenes, row => row.SessionId == session.Id, cancellation);
        var gone = scenes.Where(row => row.TurnId is not null && turns.Contains(row.TurnId)).ToList();
        if (gone.Count == 0)
            return;
        db.RemoveRange(gone);
        var left = scenes.Except(gone).SelectMany(row => Guests(Presence.Read(row.Present))).ToHashSet(StringComparer.Ordinal);
        db.RemoveRange((await Tracked.Async(db.Witnesses, row => row.SessionId == session.Id, cancellation)).Where(row => !left.Contains(row.CharacterId)));
    }

    // The session's own character is there whatever a scene says.
    private IEnumerable<string> Guests(IEnumerable<string> present) => present.Where(character => character != session.CharacterId).Distinct(StringComparer.Ordinal);
}
