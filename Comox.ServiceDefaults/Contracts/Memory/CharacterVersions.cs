namespace Comox.ServiceDefaults.Contracts.Memory;

/// <summary><c>GET /memory/characters/{slug}/versions</c>: newest first.</summary>
public sealed record CharacterVersionList(IReadOnlyList<CharacterVersionSummary> Data);

/// <summary>One version of a character. It never changes.</summary>
public record CharacterVersionSummary
{
    /// <summary>Counts from 1; receipts name it as <c>identity_version</c>.</summary>
    public required int Version { get; init; }

    /// <summary>Whether prompts are made of it.</summary>
    public required bool InUse { get; init; }

    /// <summary>SHA-256 of the card's UTF-8 bytes, hex. <c>GET …/versions/{n}/card</c> answers those bytes.</summary>
    public required string Digest { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }
}

/// <summary><c>GET /memory/characters/{slug}/versions/{n}</c>: who the character is, as this version says it. Macros stand as they are written.</summary>
public sealed record CharacterVersionDetails : CharacterVersionSummary
{
    public required string Name { get; init; }
    public required string Description { get; init; }
    public required string Psychology { get; init; }

    /// <summary>How the character speaks, in the author's words; empty where the card does not say.</summary>
    public required string Style { get; init; }

    public required IReadOnlyList<CharacterBoundary> Boundaries { get; init; }
    public required CharacterCadence Cadence { get; init; }

    /// <summary>What the character itself says in the card.</summary>
    public required IReadOnlyList<string> Examples { get; init; }

    public IReadOnlyList<string> Warnings { get; init; } = [];
}

/// <param name="Text">The author's sentence.</param>
/// <param name="Checked">Whether replies are compared with it: it has words or patterns, or its sentence is one that a rule reads.</param>
public sealed record CharacterBoundary(string Text, bool Checked);

/// <summary>Stated in the card, or else measured on the character's own lines; null where neither says anything.</summary>
public sealed record CharacterCadence
{
    /// <summary>Words.</summary>
    public double? SentenceWords { get; init; }

    /// <summary>Words.</summary>
    public double? ReplyWords { get; init; }

    /// <summary>Share of the words between asterisks, 0 to 1.</summary>
    public double? Actions { get; init; }

    /// <summary>Share of the sentences, 0 to 1.</summary>
    public double? Exclamations { get; init; }

    /// <summary>Share of the sentences, 0 to 1.</summary>
    public double? Questions { get; init; }

    /// <summary>How many lines were measured.</summary>
    public int Lines { get; init; }
}
