namespace Comox.Memory.Storage;

/// <summary>A character; its definition is in <see cref="IdentityRow"/>.</summary>
internal sealed class CharacterRow
{
    public required string Id { get; init; }
    public required string Slug { get; init; }
    public required string Name { get; init; }

    /// <summary>The version of the identity core in use.</summary>
    public required int IdentityVersion { get; set; }

    public required bool HasAvatar { get; set; }
    public required DateTimeOffset CreatedAt { get; init; }
}

/// <summary>One immutable version of a character's identity core: the card as it was given.</summary>
internal sealed class IdentityRow
{
    public required string CharacterId { get; init; }
    public required int Version { get; init; }

    /// <summary>SHA-256 of the card's bytes, hex.</summary>
    public required string Digest { get; init; }

    public required string Card { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
}

/// <summary>The picture, apart from the card, so that reading an identity does not read megabytes.</summary>
internal sealed class AvatarRow
{
    public required string CharacterId { get; init; }
    public required int Version { get; init; }
    public required byte[] Png { get; init; }
}

/// <summary>One conversation. Its turns form a tree; the current line is the path from the root to <see cref="HeadId"/>.</summary>
internal sealed class SessionRow
{
    public required string Id { get; init; }
    public required string CharacterId { get; init; }
    public required string Subject { get; init; }
    public string? Title { get; set; }
    public string? HeadId { get; set; }

    /// <summary>Length of the current line.</summary>
    public int TurnCount { get; set; }

    /// <summary>Counts every change of the line; two writers that read the same version cannot both write.</summary>
    public int Version { get; set; }

    public required DateTimeOffset CreatedAt { get; init; }
    public required DateTimeOffset UpdatedAt { get; set; }
}

/// <summary>One message. Never deleted by an edit or a regenerate: it leaves the current line, and may come back.</summary>
internal sealed class TurnRow
{
    public required string Id { get; init; }
    public required string SessionId { get; init; }
    public required string? ParentId { get; set; }

    /// <summary>1 for the first turn of a line.</summary>
    public required int Depth { get; set; }

    /// <summary>Whether the turn is on the session's current line.</summary>
    public required bool Current { get; set; }

    public required string Role { get; init; }
    public required string Content { get; init; }

    /// <summary>Digest of the whole path from the root to here: see <c>Sessions/TurnChain</c>.</summary>
    public required string Chain { get; set; }

    public required DateTimeOffset CreatedAt { get; init; }
    public string? FinishReason { get; set; }
    public string? Model { get; set; }
    public string? ReceiptId { get; init; }
}

/// <summary>A statement the subject made about themselves in one turn. Whether it still holds is decided when it is read.</summary>
internal sealed class FactRow
{
    public required string Id { get; init; }
    public required string TurnId { get; init; }
    public required string SessionId { get; init; }

    /// <summary>The character that was told: the only one that knows.</summary>
    public required string CharacterId { get; init; }

    public required string Subject { get; init; }
    public required string Relation { get; init; }
    public required string Object { get; init; }

    /// <summary>True when the person took the statement back ("I no longer live in …").</summary>
    public required bool Retracts { get; init; }

    /// <summary>Where the quote starts in the turn's content, in UTF-16 units.</summary>
    public required int QuoteStart { get; init; }

    public required string Quote { get; init; }
    public required DateTimeOffset SaidAt { get; init; }
}

internal sealed class ReceiptRow
{
    public required string Id { get; init; }
    public required string SessionId { get; init; }
    public required string Json { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
}

/// <summary>A super-prompt request that was answered; its repeat gets the same answer.</summary>
internal sealed class RequestRow
{
    public required string Id { get; init; }

    /// <summary>Digest of the request's content: the same id with other content is a mistake of the caller.</summary>
    public required string Digest { get; init; }

    public required string SessionId { get; init; }
    public required string UserTurnId { get; init; }
    public required string ReplyTurnId { get; init; }
    public required string ReceiptId { get; init; }
    public required int MaxReplyTokens { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
}

/// <summary>Something that is done once in the life of a database.</summary>
internal sealed class MarkRow
{
    public required string Name { get; init; }
    public required DateTimeOffset At { get; init; }
}
