using Comox.Memory.Identity;
using Comox.Memory.Sessions;
using Comox.Memory.Storage;
using Comox.ServiceDefaults;
using Comox.ServiceDefaults.Contracts.Memory;
using Comox.ServiceDefaults.Contracts.OpenAI;
using Microsoft.EntityFrameworkCore;

namespace Comox.Memory.ShortTerm;

internal static class SceneEndpoints
{
    private const int MaxWords = 300;
    private const int MaxPresent = 32;

    public static void MapScenes(this IEndpointRouteBuilder memory)
    {
        memory.MapGet("/sessions/{id}/scene", GetAsync);
        memory.MapPut("/sessions/{id}/scene", ChangeAsync);
    }

    private static async Task<IResult> GetAsync(string id, MemoryDbFactory databases, CancellationToken cancellation)
    {
        await using var db = databases.Open();
        var found = await SessionStore.FindAsync(db, id, cancellation);
        return found.IsSuccess
            ? TypedResults.Json(await ViewAsync(db, await Scenes.OfAsync(db, id, null, cancellation), cancellation), MemoryJson.Default.SceneView)
            : found.Error.ToResult();
    }

    private static async Task<IResult> ChangeAsync(
        string id, HttpRequest request, MemoryDbFactory databases, SessionChanges changes, CharacterStore characters, CancellationToken cancellation)
    {
        var wanted = await JsonBody.ReadAsync(request, MemoryJson.Default.SceneChange, cancellation);
        if (!wanted.IsSuccess)
            return wanted.Error.ToResult();
        if (Problem(wanted.Value) is { } problem)
            return problem.ToResult();

        var present = new List<string>();
        await using (var db = databases.Open())
        {
            foreach (var name in wanted.Value.Present ?? [])
            {
                var character = await characters.FindAsync(db, name, cancellation);
                if (!character.IsSuccess)
                    return character.Error.ToResult();
                present.Add(character.Value.Id);
            }
        }

        var changed = await changes.MakeAsync<SceneView>(id, async (db, log) =>
        {
            await log.AppendAsync(
                cancellation, new SceneChanged(log.Session.HeadId, wanted.Value.Place?.Trim(), wanted.Value.Time?.Trim(), wanted.Value.Present is null ? null : present.Distinct().ToList()));
            await db.SaveChangesAsync(cancellation);
            return await ViewAsync(db, await Scenes.OfAsync(db, id, null, cancellation), cancellation);
        }, cancellation);
        return changed.IsSuccess ? TypedResults.Json(changed.Value, MemoryJson.Default.SceneView) : changed.Error.ToResult();
    }

    private static async Task<SceneView> ViewAsync(MemoryDb db, Scene scene, CancellationToken cancellation)
    {
        var slugs = await db.Characters.AsNoTracking().Where(row => scene.Present.Contains(row.Id)).Select(row => row.Slug).ToListAsync(cancellation);
        return new SceneView(scene.Place, scene.Time, [.. slugs.Order(StringComparer.Ordinal)]);
    }

    private static ApiError? Problem(SceneChange change) =>
        change is { Place: null, Time: null, Present: null } ? Bad("place", "Nothing is to change: give place, time or present.")
        : change.Place?.Length > MaxWords || change.Time?.Length > MaxWords ? Bad("place", $"place and time may have {MaxWords} characters each.")
        : change.Present?.Count > MaxPresent || change.Present?.Any(string.IsNullOrEmpty) == true ? Bad("present", $"present may name {MaxPresent} characters, each by its slug or id.")
        : null;

    private static ApiError Bad(string field, string message) => new(StatusCodes.Status400BadRequest, ErrorCodes.InvalidRequest, message, field);
}
