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

    /// <summary>Depth of the turn that the title is from: the person's first on the line. 0 where there is none.</summary>
    public int TitleDepth { get; set; }

    public string? HeadId { get; set; }

    /// <summary>Length of the current line.</summary>
    public int TurnCount { get; set; }

    /// <summary>How many events the session's log has; two writers that read the same number cannot both write.</summary>
    public int Version { get; set; }

    /// <summary>Number of the last event that the background workers' places have been told of: see <c>Consolidation/WorkerPlaces</c>.</summary>
    public int Told { get; init; }

    /// <summary>
    /// Number of the last event that changed the turns before the line's end. Who has read the line after it need only read what was added since, and the facts
    /// of the turns that events about facts name since.
    /// </summary>
    public int Reshaped { get; set; }

    public required DateTimeOffset CreatedAt { get; init; }
    public required DateTimeOffset UpdatedAt { get; set; }
}

/// <summary>One event of a session's log: see <c>Sessions/SessionEvents</c>. Rows are only added, except that those of a deleted turn lose their words.</summary>
internal sealed class EventRow
{
    public required string SessionId { get; init; }

    /// <summary>Place in the session's log, from 1 without gaps.</summary>
    public required int Number { get; init; }

    /// <summary>The turn that it is about; null: the session.</summary>
    public required string? TurnId { get; init; }

    /// <summary>The event as JSON; its <c>kind</c> comes first.</summary>
    public required string Body { get; set; }

    public required DateTimeOffset At { get; init; }
}

/// <summary>One message. Never deleted by a swipe or a branch: it leaves the current line, and may come back.</summary>
internal sealed class TurnRow
{
    public required string Id { get; init; }
    public required string SessionId { get; init; }
    public required string? ParentId { get; set; }

    /// <summary>1 for the first turn of a line.</summary>
    public required int Depth { get; set; }

    /// <summary>Whether the turn is on the session's current line.</summary>
    public required bool Current { get; set; }

    /// <summary>Number of the event that brought it: turns said in the same millisecond keep their order.</summary>
    public required int Number { get; init; }

    public required string Role { get; init; }
    public required string Content { get; set; }

    /// <summary>Digest of the whole path from the root to here: see <c>Sessions/TurnChain</c>.</summary>
    public required string Chain { get; set; }

    public required DateTimeOffset CreatedAt { get; init; }
    public string? FinishReason { get; set; }
    public string? Model { get; set; }
    public string? ReceiptId { get; init; }

    /// <summary>JSON list of the ids of the guests who were there when it was said; null: not noted.</summary>
    public string? Heard { get; set; }

    /// <summary>Whether the <c>extract</c> role is done with its words as they are.</summary>
    public bool Extracted { get; set; }
}

/// <summary>A statement with its source and its two clocks: when it was true, and from when to when it was held for true.</summary>
internal sealed class FactRow
{
    public required string Id { get; init; }
    public required string TurnId { get; init; }
    public required string SessionId { get; init; }

    /// <summary>The character that was told. Guests who were present know it, too: see <c>ShortTerm/Presence</c>.</summary>
    public required string CharacterId { get; init; }

    /// <summary>The person whose conversations it is from.</summary>
    public required string Subject { get; init; }

    /// <summary>Whom or what it is about, as it was named; empty: the person.</summary>
    public required string About { get; set; }

    public required string Relation { get; set; }
    public required string Object { get; set; }

    /// <summary>True when the person took the statement back ("I no longer live in …").</summary>
    public required bool Retracts { get; set; }

    /// <summary>Where the quote starts in the turn's content, in UTF-16 units.</summary>
    public required int QuoteStart { get; set; }

    public required string Quote { get; set; }

    /// <summary>When it was said, and therefore known.</summary>
    public required DateTimeOffset SaidAt { get; init; }

    /// <summary>The number of its turn; orders what was said in the same millisecond.</summary>
    public required int TurnNumber { get; init; }

    public required string Reader { get; set; }
    public required string Epistemic { get; set; }

    /// <summary>Whether its turn is on its session's line. What is not was never said, as far as the character knows.</summary>
    public required bool Live { get; set; }

    /// <summary>Since when it is true; <see cref="SaidAt"/> where the words do not tell.</summary>
    public required DateTimeOffset ValidFrom { get; set; }

    /// <summary>Until when it was true; null: it still is.</summary>
    public DateTimeOffset? ValidTo { get; set; }

    /// <summary>What <c>facts.read</c> itself said of the end; <see cref="ValidTo"/> is this or what a later statement made of it.</summary>
    public DateTimeOffset? ToldUntil { get; set; }

    /// <summary>When it stopped being held for true; null: it still is. Goes back to null with the statement that ended it.</summary>
    public DateTimeOffset? ExpiredAt { get; set; }

    /// <summary>The fact that ended it.</summary>
    public string? ExpiredBy { get; set; }
}

/// <summary>Somebody or something that facts are about, within what one person told one character: two stories' Annas are two.</summary>
internal sealed class EntityRow
{
    /// <summary>Digest of subject, character and name.</summary>
    public required string Id { get; init; }
    public required string Subject { get; init; }
    public required string CharacterId { get; init; }

    /// <summary>The name in lower case without accents; <c>""</c> is the person.</summary>
    public required string Name { get; init; }
}

/// <summary>An edge of the graph: one fact that is held for true, from whom it is about to what it names.</summary>
internal sealed class RelationRow
{
    /// <summary>Id of the fact.</summary>
    public required string FactId { get; init; }
    public required string FromId { get; set; }
    public required string ToId { get; set; }
    public required string Relation { get; set; }
}

/// <summary>The oldest part of a line in few words.</summary>
internal sealed class SummaryRow
{
    public required string Id { get; init; }
    public required string SessionId { get; init; }

    /// <summary>Digest of the path it tells of: it holds for every line with that path.</summary>
    public required string Chain { get; init; }

    /// <summary>Length of that path.</summary>
    public required int Depth { get; init; }

    /// <summary>Number of its event; of two for the same path the later counts.</summary>
    public required int Number { get; init; }

    /// <summary>JSON list of the turns it was made from, beside those of <see cref="Previous"/>.</summary>
    public required string Sources { get; init; }

    /// <summary>The summary it stands on; null: none, or <see cref="Sources"/> has those of all before it too.</summary>
    public string? Previous { get; init; }

    public required string Content { get; init; }
    public required string Model { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
}

/// <summary>The scene from one turn on.</summary>
internal sealed class SceneRow
{
    public required string SessionId { get; init; }

    /// <summary>Number of its event.</summary>
    public required int Number { get; init; }

    /// <summary>The turn with which it begins: the newest when it was set. What is said after it is the first that a guest hears. Null: the session.</summary>
    public required string? TurnId { get; init; }

    public required string? Place { get; init; }
    public required string? Time { get; init; }

    /// <summary>JSON list of character ids; null: as before.</summary>
    public required string? Present { get; init; }
}

/// <summary>
/// A character that was a guest in a session at some time, on whatever branch: where its recall has to look besides its own sessions. What it heard there, the turns
/// tell.
/// </summary>
internal sealed class WitnessRow
{
    public required string SessionId { get; init; }
    public required string CharacterId { get; init; }

    /// <summary>The person whose session it is.</summary>
    public required string Subject { get; init; }
}

/// <summary>How far a reply is from its character.</summary>
internal sealed class ReplyScoreRow
{
    public required string TurnId { get; init; }
    public required string SessionId { get; init; }
    public required double Total { get; init; }
    public required string Score { get; init; }
}

/// <summary>How far a background worker has read a session's log.</summary>
internal sealed class CursorRow
{
    public required string Worker { get; init; }
    public required string SessionId { get; init; }

    /// <summary>Number of the last event it is done with.</summary>
    public required int Number { get; set; }

    /// <summary>Number of the last event that it has been told of; it is behind while this is higher.</summary>
    public int Told { get; init; }

    /// <summary>How often it has failed on the next one in a row.</summary>
    public int Failures { get; set; }

    /// <summary>Not before this is it tried again.</summary>
    public DateTimeOffset? RetryAt { get; set; }
}

internal sealed class ReceiptRow
{
    public required string Id { get; init; }
    public required string SessionId { get; init; }

    /// <summary>Ids of the turns and summaries whose words are in it, and of the sessions of others that they are from, each followed by a space. Before the JSON, so that a search does not read that.</summary>
    public required string Turns { get; set; }

    public required string Json { get; set; }
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
