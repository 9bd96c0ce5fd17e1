using Comox.Memory.Cards;
using Comox.Memory.Diagnostics;
using Comox.Memory.Storage;
using Comox.ServiceDefaults.Contracts.Memory;

namespace Comox.Memory.Identity;

internal static class VersionEndpoints
{
    public static void MapCharacterVersions(this IEndpointRouteBuilder memory)
    {
        memory.MapPut("/characters/{slug}", ReplaceAsync);
        memory.MapGet("/characters/{slug}/versions", ListAsync);
        memory.MapGet("/characters/{slug}/versions/{version:int}", GetAsync);
        memory.MapGet("/characters/{slug}/versions/{version:int}/card", CardAsync);
        memory.MapPost("/characters/{slug}/versions/{version:int}/activate", ActivateAsync);
    }

    private static async Task<IResult> ReplaceAsync(
        string slug, HttpRequest request, CharacterVersions versions, MemoryOptions options, ILogger<CharacterVersions> log, CancellationToken cancellation)
    {
        var upload = await UploadedCard.ReadAsync(request, options.MaxCardBytes, cancellation);
        if (!upload.IsSuccess)
            return upload.Error.ToResult();
        var replaced = await versions.ReplaceAsync(slug, upload.Value, cancellation);
        if (!replaced.IsSuccess)
            return replaced.Error.ToResult();
        MemoryLog.CharacterVersionInUse(log, replaced.Value.Slug, replaced.Value.Row.IdentityVersion);
        return TypedResults.Json(CharacterViews.Details(replaced.Value), MemoryJson.Default.CharacterDetails);
    }

    private static async Task<IResult> ListAsync(string slug, CharacterVersions versions, MemoryDbFactory databases, CancellationToken cancellation)
    {
        await using var db = databases.Open();
        var listed = await versions.ListAsync(db, slug, cancellation);
        return listed.IsSuccess ? TypedResults.Json(new CharacterVersionList(listed.Value), MemoryJson.Default.CharacterVersionList) : listed.Error.ToResult();
    }

    private static async Task<IResult> GetAsync(string slug, int version, CharacterVersions versions, MemoryDbFactory databases, CancellationToken cancellation)
    {
        await using var db = databases.Open();
        var found = await versions.FindAsync(db, slug, version, cancellation);
        return found.IsSuccess ? TypedResults.Json(CharacterViews.Version(found.Value), MemoryJson.Default.CharacterVersionDetails) : found.Error.ToResult();
    }

    private static async Task<IResult> CardAsync(string slug, int version, CharacterVersions versions, MemoryDbFactory databases, CancellationToken cancellation)
    {
        await using var db = databases.Open();
        var found = await versions.FindAsync(db, slug, version, cancellation);
        return found.IsSuccess ? TypedResults.Text(found.Value.Row.Card, "application/json", System.Text.Encoding.UTF8) : found.Error.ToResult();
    }

    private static async Task<IResult> ActivateAsync(string slug, int version, CharacterVersions versions, ILogger<CharacterVersions> log, CancellationToken cancellation)
    {
        var activated = await versions.ActivateAsync(slug, version, cancellation);
        if (!activated.IsSuccess)
            return activated.Error.ToResult();
        MemoryLog.CharacterVersionInUse(log, activated.Value.Slug, version);
        return TypedResults.Json(CharacterViews.Details(activated.Value), MemoryJson.Default.CharacterDetails);
    }
}
