namespace Comox.ServiceDefaults.Contracts.Memory;

/// <summary><c>POST /memory/sessions</c>: starts a conversation, with the character's greeting as its first turn.</summary>
/// <param name="Character">Slug or id.</param>
/// <param name="Subject">The person it is with.</param>
public sealed record NewSession(string Character, string Subject);

public record SessionSummary
{
    /// <summary>Opaque id, <c>ses_…</c>; the value of <c>X-Comox-Session</c>.</summary>
    public required string Id { get; init; }

    /// <summary>Slug of the character.</summary>
    public required string Character { get; init; }

    public required string CharacterName { get; init; }
    public required string Subject { get; init; }

    /// <summary>The first thing the person said, shortened; null while nobody has spoken.</summary>
    public string? Title { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }
    public required DateTimeOffset UpdatedAt { get; init; }

    /// <summary>Turns in the current line of the conversation.</summary>
    public required int TurnCount { get; init; }
}

/// <summary><c>GET /memory/sessions/{id}</c>: the current line of the conversation, oldest first.</summary>
public sealed record SessionDetails : SessionSummary
{
    public required IReadOnlyList<SessionTurn> Turns { get; init; }
}

public sealed record SessionTurn
{
    /// <summary>Opaque id, <c>trn_…</c>.</summary>
    public required string Id { get; init; }

    /// <summary><c>user</c> or <c>assistant</c>.</summary>
    public required string Role { get; init; }

    public required string Content { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>For a reply: OpenAI's finish reason, or <c>cancelled</c> when the client left, or <c>error</c> when the engine broke off.</summary>
    public string? FinishReason { get; init; }

    /// <summary>For a reply: the plain model that spoke.</summary>
    public string? Model { get; init; }

    /// <summary>For a reply: id of its receipt.</summary>
    public string? Receipt { get; init; }
}

/// <summary><c>GET /memory/sessions?subject=…[&amp;character=…][&amp;limit=…]</c>, newest first.</summary>
public sealed record SessionList(IReadOnlyList<SessionSummary> Data);
