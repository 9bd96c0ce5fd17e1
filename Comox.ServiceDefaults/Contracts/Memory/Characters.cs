namespace Comox.ServiceDefaults.Contracts.Memory;

/// <summary>A character as lists show it. <c>GET /memory/characters</c> answers an array of these under <c>data</c>.</summary>
public record CharacterSummary
{
    /// <summary>Opaque id, <c>chr_…</c>.</summary>
    public required string Id { get; init; }

    /// <summary>Unique short name for URLs and models: <c>ada</c> in <c>character/ada</c>.</summary>
    public required string Slug { get; init; }

    public required string Name { get; init; }

    /// <summary>One line about the character, from the card.</summary>
    public string? Tagline { get; init; }

    /// <summary>Version of the identity core; counts from 1.</summary>
    public required int IdentityVersion { get; init; }

    public IReadOnlyList<string> Tags { get; init; } = [];

    /// <summary>Whether <c>GET /memory/characters/{slug}/avatar</c> has a picture.</summary>
    public required bool HasAvatar { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }
}

/// <summary><c>GET /memory/characters/{slug}</c>, and the 201 of <c>POST /memory/characters</c>.</summary>
public sealed record CharacterDetails : CharacterSummary
{
    /// <summary>First messages with macros expanded for a user without a name; the first is the default.</summary>
    public IReadOnlyList<string> Greetings { get; init; } = [];

    public string? Description { get; init; }
    public string? Personality { get; init; }
    public string? Scenario { get; init; }
    public string? Creator { get; init; }

    /// <summary>The author's notes for people; never part of a prompt.</summary>
    public string? CreatorNotes { get; init; }

    /// <summary>What the import could not use, in words.</summary>
    public IReadOnlyList<string> Warnings { get; init; } = [];
}

public sealed record CharacterList(IReadOnlyList<CharacterSummary> Data);
