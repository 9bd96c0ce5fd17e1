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
            if (await db.Witnesses.FindAsync([session.Id, guest], cancellation) is null)
                db.Add(new WitnessRow { SessionId = session.Id, CharacterId = guest, Subject = session.Subject });
        }
    }

    /// <summary>
    /// The words of a scene go with the turn with which it began. Who was there does not: a guest who left with that turn would otherwise have heard all that was said since.
    /// </summary>
    /// <param name="turns">Those that are deleted.</param>
    /// <param name="kept">The turn before one that is left; null: none.</param>
    /// <param name="cancellation">Ends the wait.</param>
    public async Task DropAsync(IReadOnlyList<string> turns, Func<string, Task<string?>> kept, CancellationToken cancellation)
    {
        foreach (var scene in (await Tracked.Async(db.Scenes, row => row.SessionId == session.Id, cancellation)).Where(row => row.TurnId is not null && turns.Contains(row.TurnId)))
        {
            if (scene.Present is null)
                db.Remove(scene);
            else
                (scene.TurnId, scene.Place, scene.Time) = (await kept(scene.TurnId!), null, null);
        }
    }

    // The session's own character is there whatever a scene says.
    private IEnumerable<string> Guests(IEnumerable<string> present) => present.Where(character => character != session.CharacterId).Distinct(StringComparer.Ordinal);
}
