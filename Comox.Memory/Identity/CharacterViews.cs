using Comox.Memory.Cards;
using Comox.ServiceDefaults.Contracts.Memory;

namespace Comox.Memory.Identity;

/// <summary>Characters as the wire shows them.</summary>
internal static class CharacterViews
{
    private const int TaglineLength = 120;

    /// <summary>Of so many characters it is made: every list of characters makes one of each.</summary>
    private const int TaglineSource = 2000;

    public static CharacterSummary Summary(Character character) => new()
    {
        Id = character.Id,
        Slug = character.Slug,
        Name = character.Row.Name,
        Tagline = Tagline(character.Card),
        IdentityVersion = character.Row.IdentityVersion,
        Tags = character.Card.Tags,
        HasAvatar = character.Row.HasAvatar,
        CreatedAt = character.Row.CreatedAt,
    };

    public static CharacterDetails Details(Character character)
    {
        var card = character.Card;
        return new CharacterDetails
        {
            Id = character.Id,
            Slug = character.Slug,
            Name = character.Row.Name,
            Tagline = Tagline(card),
            IdentityVersion = character.Row.IdentityVersion,
            Tags = card.Tags,
            HasAvatar = character.Row.HasAvatar,
            CreatedAt = character.Row.CreatedAt,
            Greetings = [.. card.Greetings.Select(greeting => CardMacros.Expand(greeting, card.SpokenName, CardMacros.NamelessUser))],
            Description = Filled(Expanded(card, card.Description)),
            Personality = Filled(Expanded(card, card.Personality)),
            Scenario = Filled(Expanded(card, card.Scenario)),
            Creator = Filled(card.Creator),
            CreatorNotes = Filled(card.CreatorNotes),
            Warnings = card.Warnings,
        };
    }

    public static CharacterVersionDetails Version(StoredVersion stored)
    {
        var core = IdentityCore.Of(stored.Card, stored.Row.Version);
        return new CharacterVersionDetails
        {
            Version = core.Version,
            InUse = stored.InUse,
            Digest = stored.Row.Digest,
            CreatedAt = stored.Row.CreatedAt,
            Name = core.Name,
            Description = core.Description,
            Psychology = core.Psychology,
            Style = core.Style,
            Boundaries = [.. core.Boundaries.Select(boundary => new CharacterBoundary(boundary.Text, boundary.IsChecked))],
            Cadence = new CharacterCadence
            {
                SentenceWords = core.Cadence.SentenceWords,
                ReplyWords = core.Cadence.ReplyWords,
                Actions = core.Cadence.Actions,
                Exclamations = core.Cadence.Exclamations,
                Questions = core.Cadence.Questions,
                Lines = core.Cadence.Lines,
            },
            Examples = core.Examples,
            Warnings = stored.Card.Warnings,
        };
    }

    /// <summary>The author's own line, else the first sentence of the description.</summary>
    private static string? Tagline(CharacterCard card)
    {
        var whole = card.Tagline ?? card.Description;
        var text = Expanded(card, whole.Length > TaglineSource ? whole[..TaglineSource] : whole).ReplaceLineEndings(" ").Trim();
        if (card.Tagline is null && text.IndexOf(". ", StringComparison.Ordinal) is > 0 and var end)
            text = text[..(end + 1)];
        if (text.Length > TaglineLength)
            text = text[..(text.LastIndexOf(' ', TaglineLength) is > 0 and var space ? space : TaglineLength)] + "…";
        return Filled(text);
    }

    private static string Expanded(CharacterCard card, string text) => CardMacros.Expand(text, card.SpokenName, CardMacros.NamelessUser);

    private static string? Filled(string text) => string.IsNullOrWhiteSpace(text) ? null : text;
}
