using Comox.ServiceDefaults.Contracts.OpenAI;

namespace Comox.ServiceDefaults.Contracts.Memory;

/// <summary><c>GET /memory/receipts/{id}</c>: what went into one super-prompt, and why.</summary>
public sealed record Receipt
{
    public required string Id { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
    public required string Session { get; init; }
    public required string UserTurn { get; init; }
    public required string ReplyTurn { get; init; }
    public required string Subject { get; init; }

    /// <summary>Slug of the character.</summary>
    public required string Character { get; init; }

    public required int IdentityVersion { get; init; }
    public required string Model { get; init; }

    /// <summary>Id of the model's prompt profile.</summary>
    public required string Profile { get; init; }

    /// <summary>The messages exactly as they were sent to the engine.</summary>
    public required IReadOnlyList<ChatMessage> Messages { get; init; }

    public required ReceiptBudget Budget { get; init; }

    /// <summary>How recall read the message: <c>small_talk</c>, <c>about_person</c>, <c>about_character</c>, <c>temporal</c>, <c>list</c> or <c>other</c>.</summary>
    public string? Intent { get; init; }

    /// <summary>The time that the message names; absent: none.</summary>
    public ReceiptWindow? Window { get; init; }

    /// <summary>Everything recall considered worth naming, best first, whether it fitted or not.</summary>
    public required IReadOnlyList<RecalledItem> Recalled { get; init; }

    /// <summary>What was left out or changed, and why, in words.</summary>
    public required IReadOnlyList<string> Notes { get; init; }
}

/// <param name="PromptTokens">The profile's budget.</param>
/// <param name="EstimatedTokens">What the prompt is estimated at; never above the budget.</param>
/// <param name="Sections">Estimated tokens by section: identity, examples, memory, history, …</param>
public sealed record ReceiptBudget(int PromptTokens, int EstimatedTokens, IReadOnlyDictionary<string, int> Sections);

/// <param name="From">Its beginning.</param>
/// <param name="To">Its end; not in it.</param>
public sealed record ReceiptWindow(DateTimeOffset From, DateTimeOffset To);

public sealed record RecalledItem
{
    /// <summary><c>fact</c> or <c>turn</c>.</summary>
    public required string Kind { get; init; }

    public required string Id { get; init; }

    /// <summary>The line as it stands, or would have stood, in the prompt.</summary>
    public required string Text { get; init; }

    /// <summary>Final score; only comparable within one receipt.</summary>
    public required double Score { get; init; }

    /// <summary>What each lane gave to the score: lexical, key, subject, recency, …</summary>
    public required IReadOnlyDictionary<string, double> Lanes { get; init; }

    /// <summary>Whether it reached the prompt.</summary>
    public required bool Included { get; init; }

    /// <summary>Why it was recalled, and when left out, why.</summary>
    public required string Why { get; init; }

    /// <summary>Slug of the character in whose session this one heard it as a guest; absent: it is from a session of its own.</summary>
    public string? WitnessedWith { get; init; }

    public required RecallSource Source { get; init; }
}

/// <param name="Session">Session in which it was said.</param>
/// <param name="Turn">Turn in which it was said.</param>
/// <param name="SaidAt">When.</param>
/// <param name="Quote">The words it rests on: a substring of the turn.</param>
public sealed record RecallSource(string Session, string Turn, DateTimeOffset SaidAt, string Quote);

/// <summary>
/// <c>GET /memory/subjects/{subject}/facts[?character=…]</c>: what is held to be true, newest first; of one character, what it was told and what it
/// witnessed as a guest. <c>valid_at</c> asks for what was true at a time,
/// <c>known_at</c> for what had been said by then, <c>expired=true</c> for everything that was ever held.
/// </summary>
public sealed record FactList(IReadOnlyList<FactView> Data);

public sealed record FactView
{
    public required string Id { get; init; }

    /// <summary>The fact as a sentence: "Mara lives in Ljubljana."</summary>
    public required string Text { get; init; }

    /// <summary>Relation key, for example <c>lives_in</c> or <c>named.sister</c>.</summary>
    public required string Relation { get; init; }

    public required string Object { get; init; }

    /// <summary>Slug of the character that was told.</summary>
    public required string Character { get; init; }

    /// <summary>Slugs of all that know it, in order: the character that was told, and the guests who were present.</summary>
    public IReadOnlyList<string> Witnesses { get; init; } = [];

    /// <summary>Whom or what it is about; absent: the person.</summary>
    public string? About { get; init; }

    /// <summary><c>asserted</c>, <c>experienced</c>, <c>heard</c> or <c>narrated</c>.</summary>
    public string? Epistemic { get; init; }

    /// <summary>Since when it is true, as far as the words tell; otherwise since it was said.</summary>
    public DateTimeOffset? ValidFrom { get; init; }

    /// <summary>Until when it was true; absent: it still is.</summary>
    public DateTimeOffset? ValidTo { get; init; }

    /// <summary>When it stopped being held for true; absent: it still is.</summary>
    public DateTimeOffset? ExpiredAt { get; init; }

    /// <summary>Id of the fact that ended it: a contradiction, a retraction, or the same said again.</summary>
    public string? ExpiredBy { get; init; }

    public required RecallSource Source { get; init; }
}

/// <summary><c>GET /memory/subjects/{subject}/graph?character=…[&amp;entity=…][&amp;hops=…]</c>: what is held for true around a name, nearest first.</summary>
public sealed record FactGraphView(IReadOnlyList<GraphEdge> Edges);

/// <param name="From">Whom it is about; empty: the person.</param>
/// <param name="Relation">Key of the relation.</param>
/// <param name="To">What it names.</param>
/// <param name="Hops">1 where it touches the name that was asked for.</param>
/// <param name="Fact">Id of the fact.</param>
public sealed record GraphEdge(string From, string Relation, string To, int Hops, string Fact);
