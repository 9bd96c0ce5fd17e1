using Comox.Memory.Cards;
using Comox.Memory.Diagnostics;
using Comox.Memory.Identity.Drift;
using Comox.Memory.Recall;
using Comox.Memory.Sessions;
using Comox.Memory.Storage;
using Comox.Memory.Vectors;
using Comox.ServiceDefaults;
using Comox.ServiceDefaults.Contracts.Memory;
using Comox.ServiceDefaults.Contracts.OpenAI;
using Microsoft.EntityFrameworkCore;

namespace Comox.Memory.Identity;

internal static class CharacterEndpoints
{
    public static void MapCharacters(this IEndpointRouteBuilder memory)
    {
        memory.MapGet("/characters", ListAsync);
        memory.MapPost("/characters", ImportAsync);
        memory.MapGet("/characters/{slug}", GetAsync);
        memory.MapGet("/characters/{slug}/card", CardAsync);
        memory.MapGet("/characters/{slug}/avatar", AvatarAsync);
        memory.MapDelete("/characters/{slug}", DeleteAsync);
    }

    private static async Task<IResult> ListAsync(CharacterStore characters, MemoryDbFactory databases, CancellationToken cancellation)
    {
        await using var db = databases.Open();
        var all = await characters.ListAsync(db, cancellation);
        return TypedResults.Json(new CharacterList([.. all.Select(CharacterViews.Summary)]), MemoryJson.Default.CharacterList);
    }

    private static async Task<IResult> ImportAsync(
        HttpRequest request, HttpResponse response, CharacterStore characters, MemoryOptions options, ILogger<CharacterStore> log, CancellationToken cancellation)
    {
        var upload = await UploadedCard.ReadAsync(request, options.MaxCardBytes, cancellation);
        if (!upload.IsSuccess)
            return upload.Error.ToResult();
        var imported = await characters.ImportAsync(upload.Value, cancellation);
        if (!imported.IsSuccess)
            return imported.Error.ToResult();

        MemoryLog.CharacterImported(log, imported.Value.Slug, imported.Value.Card.Warnings.Count);
        response.Headers.Location = $"/memory/characters/{imported.Value.Slug}";
        return TypedResults.Json(CharacterViews.Details(imported.Value), MemoryJson.Default.CharacterDetails, statusCode: StatusCodes.Status201Created);
    }

    private static async Task<IResult> GetAsync(string slug, CharacterStore characters, MemoryDbFactory databases, CancellationToken cancellation)
    {
        await using var db = databases.Open();
        var found = await characters.FindAsync(db, slug, cancellation);
        return found.IsSuccess ? TypedResults.Json(CharacterViews.Details(found.Value), MemoryJson.Default.CharacterDetails) : found.Error.ToResult();
    }

    private static async Task<IResult> CardAsync(string slug, CharacterStore characters, MemoryDbFactory databases, CancellationToken cancellation)
    {
        await using var db = databases.Open();
        var found = await characters.FindAsync(db, slug, cancellation);
        return found.IsSuccess
            ? TypedResults.Text(await characters.CardJsonAsync(db, found.Value, cancellation), "application/json", System.Text.Encoding.UTF8)
            : found.Error.ToResult();
    }

    private static async Task<IResult> AvatarAsync(string slug, CharacterStore characters, MemoryDbFactory databases, CancellationToken cancellation)
    {
        await using var db = databases.Open();
        var found = await characters.FindAsync(db, slug, cancellation);
        if (!found.IsSuccess)
            return found.Error.ToResult();
        return await characters.AvatarAsync(db, found.Value, cancellation) is { } png
            ? TypedResults.Bytes(png, "image/png")
            : new ApiError(StatusCodes.Status404NotFound, ErrorCodes.NotFound, $"The character '{found.Value.Slug}' has no picture: its card came as JSON.").ToResult();
    }

    /// <summary>A character takes its conversations, and all that was told to it, along.</summary>
    private static async Task<IResult> DeleteAsync(
        string slug, CharacterStore characters, MemoryDbFactory databases, RecallIndexes indexes, DriftTracker drift, IVectorStore vectors, CancellationToken cancellation)
    {
        await using var db = databases.Open();
        var found = await characters.FindAsync(db, slug, cancellation);
        if (!found.IsSuccess)
            return found.Error.ToResult();
        var subjects = await db.Sessions.Where(session => session.CharacterId == found.Value.Id).Select(session => session.Subject).Distinct().ToListAsync(cancellation);
        await using var transaction = await db.Database.BeginTransactionAsync(cancellation);
        foreach (var subject in subjects.Order(StringComparer.Ordinal))
        {
            await TurnErasure.StripGuestsAsync(db, subject, found.Value.Id, cancellation);
            await TurnErasure.DeleteBackgroundAsync(db, subject, cancellation);
        }

        await db.Characters.Where(character => character.Id == found.Value.Id).ExecuteDeleteAsync(cancellation);
        await db.Entities.Where(entity => entity.CharacterId == found.Value.Id).ExecuteDeleteAsync(cancellation); // No key leads from them to the character.
        // Before the rows are gone for good, because nobody would be left who knows whose vectors there are; a store that is down keeps the character.
        foreach (var subject in subjects)
        {
            if (await vectors.DeleteAsync(new VectorFilter { Subject = subject, Character = found.Value.Id }, cancellation) is { } notDeleted)
                return notDeleted.ToResult();
        }

        await transaction.CommitAsync(cancellation);
        // The worker may have stored some since, and could not see yet that their sessions go. From here on it does.
        foreach (var subject in subjects)
            await vectors.DeleteAsync(new VectorFilter { Subject = subject, Character = found.Value.Id }, CancellationToken.None);
        indexes.Forget(found.Value.Id);
        characters.Forget(found.Value.Id);
        drift.Forget(found.Value.Id);
        await databases.ForgetAsync();
        return TypedResults.NoContent();
    }
}
