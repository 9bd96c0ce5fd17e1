using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using Comox.Memory.Cards;
using Comox.Memory.Storage;
using Comox.ServiceDefaults;
using Comox.ServiceDefaults.Clients;
using Comox.ServiceDefaults.Contracts.OpenAI;
using Microsoft.EntityFrameworkCore;

namespace Comox.Memory.Identity;

/// <summary>A character with its identity core, as the rest of the service uses it.</summary>
internal sealed record Character(CharacterRow Row, CharacterCard Card)
{
    public string Id => Row.Id;
    public string Slug => Row.Slug;
}

/// <summary>The characters and their identity versions. A version never changes once it is written.</summary>
internal sealed class CharacterStore(MemoryDbFactory databases, TimeProvider time)
{
    // Versions are immutable, so a parsed card stays right for ever.
    private readonly ConcurrentDictionary<(string Character, int Version), CharacterCard> _cards = new();

    public async Task<ApiResult<Character>> ImportAsync(UploadedCard upload, CancellationToken cancellation)
    {
        var card = CardReader.Read(upload.Json);
        if (!card.IsSuccess)
            return card.Error;

        // A name taken between the look and the write makes the unique index refuse: look again.
        for (var attempt = 1; ; attempt++)
        {
            await using var db = databases.Open();
            var row = await AddAsync(db, upload, card.Value, cancellation);
            try
            {
                await db.SaveChangesAsync(cancellation);
                return new Character(row, card.Value);
            }
            catch (DbUpdateException) when (attempt < 5)
            {
            }
        }
    }

    /// <summary>Adds the rows of a new character, version 1, without saving.</summary>
    public async Task<CharacterRow> AddAsync(MemoryDb db, UploadedCard upload, CharacterCard card, CancellationToken cancellation)
    {
        var slug = Slugs.From(card.Name);
        var alike = await db.Characters.Where(other => other.Slug.StartsWith(slug)).Select(other => other.Slug).ToListAsync(cancellation);
        var now = time.Now();
        var row = new CharacterRow
        {
            Id = Ids.New("chr", time),
            Slug = Slugs.Free(slug, alike.ToHashSet()),
            Name = card.Name,
            IdentityVersion = 1,
            HasAvatar = upload.Png is not null,
            CreatedAt = now,
        };
        db.Add(row);
        db.Add(Version(row.Id, 1, upload.Json, now));
        if (upload.Png is not null)
            db.Add(new AvatarRow { CharacterId = row.Id, Version = 1, Png = upload.Png });
        return row;
    }

    public static IdentityRow Version(string characterId, int version, string card, DateTimeOffset now) => new()
    {
        CharacterId = characterId,
        Version = version,
        Digest = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(card))),
        Card = card,
        CreatedAt = now,
    };

    public async Task<ApiResult<Character>> FindAsync(MemoryDb db, string slugOrId, CancellationToken cancellation)
    {
        var row = await db.Characters.AsNoTracking().FirstOrDefaultAsync(character => character.Slug == slugOrId || character.Id == slugOrId, cancellation);
        return row is null ? await MissingAsync(db, slugOrId, cancellation) : await WithCardAsync(db, row, cancellation);
    }

    public async Task<IReadOnlyList<Character>> ListAsync(MemoryDb db, CancellationToken cancellation)
    {
        var characters = new List<Character>();
        foreach (var row in await db.Characters.AsNoTracking().OrderBy(character => character.Slug).ToListAsync(cancellation))
            characters.Add(await WithCardAsync(db, row, cancellation));
        return characters;
    }

    public async Task<string> CardJsonAsync(MemoryDb db, Character character, CancellationToken cancellation) =>
        await db.Identities.Where(identity => identity.CharacterId == character.Id && identity.Version == character.Row.IdentityVersion)
            .Select(identity => identity.Card)
            .SingleAsync(cancellation);

    /// <summary>The picture of the version in use: its own, else that of the last version before it which came with one.</summary>
    public async Task<byte[]?> AvatarAsync(MemoryDb db, Character character, CancellationToken cancellation) =>
        await db.Avatars.Where(avatar => avatar.CharacterId == character.Id && avatar.Version <= character.Row.IdentityVersion)
            .OrderByDescending(avatar => avatar.Version)
            .Select(avatar => avatar.Png)
            .FirstOrDefaultAsync(cancellation);

    /// <summary>Drops what is kept in memory of a deleted character.</summary>
    public void Forget(string characterId)
    {
        foreach (var key in _cards.Keys.Where(key => key.Character == characterId))
            _cards.TryRemove(key, out _);
    }

    private async Task<Character> WithCardAsync(MemoryDb db, CharacterRow row, CancellationToken cancellation)
    {
        if (_cards.TryGetValue((row.Id, row.IdentityVersion), out var known))
            return new Character(row, known);

        var json = await db.Identities.Where(identity => identity.CharacterId == row.Id && identity.Version == row.IdentityVersion)
            .Select(identity => identity.Card)
            .SingleAsync(cancellation);
        var card = CardReader.Read(json).Value ?? throw new InvalidOperationException($"The stored card of {row.Slug} does not read; it did when it was imported.");
        _cards[(row.Id, row.IdentityVersion)] = card;
        return new Character(row, card);
    }

    private static async Task<ApiError> MissingAsync(MemoryDb db, string asked, CancellationToken cancellation)
    {
        var known = await db.Characters.OrderBy(character => character.Slug).Select(character => character.Slug).Take(20).ToListAsync(cancellation);
        return new ApiError(
            StatusCodes.Status404NotFound,
            ErrorCodes.CharacterNotFound,
            $"There is no character '{asked}'. " + (known.Count == 0
                ? "None has been imported yet: send a character card to POST /memory/characters."
                : $"There are: {string.Join(", ", known)}."),
            "character");
    }
}
