using Comox.Memory.Cards;

namespace Comox.Memory.Identity;

/// <summary>
/// Who a character is, as one version of its card says it. Never changes: another card is another version. What the card leaves open stays empty here, but for
/// the cadence, which is then measured on the character's own lines. Texts are the author's, with their macros.
/// </summary>
internal sealed record IdentityCore
{
    /// <summary>Version of the card this is derived from; 1 is the first.</summary>
    public required int Version { get; init; }

    public required string Name { get; init; }

    /// <summary>What <c>{{char}}</c> stands for.</summary>
    public required string SpokenName { get; init; }

    public required string Description { get; init; }

    /// <summary><c>extensions.comox.psychology</c>, else the card's personality.</summary>
    public required string Psychology { get; init; }

    /// <summary>How the character speaks, in the author's words; empty where nothing is said.</summary>
    public required string Style { get; init; }

    public required IReadOnlyList<Boundary> Boundaries { get; init; }
    public required Cadence Cadence { get; init; }

    /// <summary>What the author states of the cadence; the rest of <see cref="Cadence"/> is measured.</summary>
    public required CardCadence StatedCadence { get; init; }

    /// <summary>What the character itself says in the card.</summary>
    public required IReadOnlyList<string> Examples { get; init; }

    public static IdentityCore Of(CharacterCard card, int version)
    {
        var examples = OwnLines.Of(card);
        return new IdentityCore
        {
            Version = version,
            Name = card.Name,
            SpokenName = card.SpokenName,
            Description = card.Description.Trim(),
            Psychology = card.Identity.Psychology.Length > 0 ? card.Identity.Psychology : card.Personality.Trim(),
            Style = card.Identity.Style,
            Boundaries = [.. card.Identity.Boundaries.Select(boundary => new Boundary(boundary))],
            Cadence = Cadence.Of(card.Identity.Cadence, examples),
            StatedCadence = card.Identity.Cadence,
            Examples = examples,
        };
    }
}
