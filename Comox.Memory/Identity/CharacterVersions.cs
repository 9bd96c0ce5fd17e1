using Comox.Memory.Cards;
using Comox.Memory.Storage;
using Comox.ServiceDefaults;
using Comox.ServiceDefaults.Clients;
using Comox.ServiceDefaults.Contracts.Memory;
using Comox.ServiceDefaults.Contracts.OpenAI;
using Microsoft.EntityFrameworkCore;

namespace Comox.Memory.Identity;

/// <param name="Row">As it is stored.</param>
/// <param name="Card">What is read from it.</param>
/// <param name="InUse">Whether prompts are made of it.</param>
internal sealed record StoredVersion(IdentityRow Row, CharacterCard Card, bool InUse);

/// <summary>
/// The versions of a character. Another card makes another version and leaves those before it as they were; which one is in use is one number, so going back
/// is as cheap and as safe as going on. A version that a receipt names can always be read.
/// </summary>
internal sealed class CharacterVersions(MemoryDbFactory databases, CharacterStore characters, TimeProvider time)
{
    private const int Attempts = 5;

    /// <summary>Gives a character another card. The same card with the same picture changes nothing.</summary>
    public async Task<ApiResult<Character>> ReplaceAsync(string slugOrId, UploadedCard upload, CancellationToken cancellation)
    {
        var card = CardReader.Read(upload.Json);
        if (!card.IsSuccess)
            return card.Error;

        // A version number taken between the look and the write makes the primary key refuse: look again.
        for (var attempt = 1; ; attempt++)
        {
            await using var db = databases.Open();
            var found = await characters.FindAsync(db, slugOrId, cancellation);
            if (!found.IsSuccess)
                return found.Error;
            if (await IsSameAsync(db, found.Value, upload, cancellation))
                return found;

            var id = found.Value.Id;
            var version = 1 + await db.Identities.Where(identity => identity.CharacterId == id).MaxAsync(identity => identity.Version, cancellation);
            db.Add(CharacterStore.Version(id, version, upload.Json, time.Now()));
            if (upload.Png is not null)
                db.Add(new AvatarRow { CharacterId = id, Version = version, Png = upload.Png });
            await using var transaction = await db.Database.BeginTransactionAsync(cancellation);
            try
            {
                await db.SaveChangesAsync(cancellation);
            }
            catch (DbUpdateException) when (attempt < Attempts)
            {
                continue;
            }

            await UseAsync(db, id, version, card.Value.Name, cancellation);
            await transaction.CommitAsync(cancellation);
            return await characters.FindAsync(db, id, cancellation);
        }
    }

    /// <summary>Puts a version in use, an earlier one or a later one.</summary>
    public async Task<ApiResult<Character>> ActivateAsync(string slugOrId, int version, CancellationToken cancellation)
    {
        await using var db = databases.Open();
        var found = await FindAsync(db, slugOrId, version, cancellation);
        if (!found.IsSuccess)
            return found.Error;
        await using var transaction = await db.Database.BeginTransactionAsync(cancellation);
        await UseAsync(db, found.Value.Row.CharacterId, version, found.Value.Card.Name, cancellation);
        await transaction.CommitAsync(cancellation);
        return await characters.FindAsync(db, found.Value.Row.CharacterId, cancellation);
    }

    /// <summary>All versions without their cards, newest first.</summary>
    public async Task<ApiResult<CharacterVersionSummary[]>> ListAsync(MemoryDb db, string slugOrId, CancellationToken cancellation)
    {
        var found = await characters.FindAsync(db, slugOrId, cancellation);
        if (!found.IsSuccess)
            return found.Error;
        var (id, inUse) = (found.Value.Id, found.Value.Row.IdentityVersion);
        return await db.Identities.Where(identity => identity.CharacterId == id).OrderByDescending(identity => identity.Version)
            .Select(identity => new CharacterVersionSummary
            {
                Version = identity.Version, InUse = identity.Version == inUse, Digest = identity.Digest, CreatedAt = identity.CreatedAt,
            })
            .ToArrayAsync(cancellation);
    }

    /// <summary>One version with its card, whether it is in use or not.</summary>
    public async Task<ApiResult<StoredVersion>> FindAsync(MemoryDb db, string slugOrId, int version, CancellationToken cancellation)
    {
        var found = await characters.FindAsync(db, slugOrId, cancellation);
        if (!found.IsSuccess)
            return found.Error;
        var (id, inUse) = (found.Value.Id, found.Value.Row.IdentityVersion);
        if (await db.Identities.AsNoTracking().FirstOrDefaultAsync(identity => identity.CharacterId == id && identity.Version == version, cancellation) is { } row)
            return new StoredVersion(row, CardReader.Read(row.Card).Value!, version == inUse);

        var newest = await db.Identities.Where(identity => identity.CharacterId == id).MaxAsync(identity => identity.Version, cancellation);
        return new ApiError(
            StatusCodes.Status404NotFound,
            ErrorCodes.VersionNotFound,
            $"The character '{found.Value.Slug}' has no version {version}; it has 1 to {newest}, and {inUse} is in use.",
            "version");
    }

    private async Task<bool> IsSameAsync(MemoryDb db, Character character, UploadedCard upload, CancellationToken cancellation)
    {
        if (!string.Equals(await characters.CardJsonAsync(db, character, cancellation), upload.Json, StringComparison.Ordinal))
            return false;
        return upload.Png is null || (await characters.AvatarAsync(db, character, cancellation) is { } png && png.AsSpan().SequenceEqual(upload.Png));
    }

    // A picture belongs to the version it came with and to those after it, until the next picture.
    private static async Task UseAsync(MemoryDb db, string id, int version, string name, CancellationToken cancellation)
    {
        var hasAvatar = await db.Avatars.AnyAsync(avatar => avatar.CharacterId == id && avatar.Version <= version, cancellation);
        await db.Characters.Where(character => character.Id == id).ExecuteUpdateAsync(
            character => character
                .SetProperty(row => row.IdentityVersion, version)
                .SetProperty(row => row.Name, name)
                .SetProperty(row => row.HasAvatar, hasAvatar),
            cancellation);
    }
}
