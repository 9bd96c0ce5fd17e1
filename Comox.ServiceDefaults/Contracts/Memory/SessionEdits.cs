namespace Comox.ServiceDefaults.Contracts.Memory;

/// <summary><c>PATCH /memory/sessions/{id}/turns/{turn}</c>: other words for a turn, in place. What follows it stays; what was learned from the old words goes.</summary>
public sealed record TurnEdit(string Content);

/// <summary><c>PUT /memory/sessions/{id}/head</c>: makes another branch or swipe the conversation.</summary>
/// <param name="Turn">A turn of the tree.</param>
/// <param name="Exact">The line ends with it. Otherwise it goes on to the newest of what had been said after it.</param>
public sealed record HeadChoice(string Turn, bool Exact = false);

/// <summary><c>PUT /memory/sessions/{id}/scene</c>: place, time and who is there, from the newest turn on. A field left out stays as it was.</summary>
/// <param name="Place">In words; empty: none.</param>
/// <param name="Time">In words: the story's time, not the clock's.</param>
/// <param name="Present">Slugs or ids of the characters that perceive what is said from here on, and recall it in their own sessions with the person; empty:
/// the session's own alone.</param>
public sealed record SceneChange(string? Place = null, string? Time = null, IReadOnlyList<string>? Present = null);

/// <summary><c>GET /memory/sessions/{id}/scene</c>: where the conversation is.</summary>
/// <param name="Place">In words; null where none was given.</param>
/// <param name="Time">In words.</param>
/// <param name="Present">Slugs of the characters that are there; empty: the session's own alone.</param>
public sealed record SceneView(string? Place, string? Time, IReadOnlyList<string> Present);

/// <summary><c>GET /memory/sessions/{id}/tree</c>: every turn that is kept, swipes and branches included, in the order in which they came.</summary>
public sealed record SessionTree
{
    public required string Session { get; init; }

    /// <summary>End of the current line; null while it is empty.</summary>
    public string? Head { get; init; }

    public required IReadOnlyList<TreeTurn> Turns { get; init; }
}

public sealed record TreeTurn
{
    public required string Id { get; init; }

    /// <summary>The turn before it; null for a first one. Turns with the same parent are swipes of each other.</summary>
    public string? Parent { get; init; }

    /// <summary>1 for a first turn.</summary>
    public required int Depth { get; init; }

    /// <summary>Whether it is on the current line.</summary>
    public required bool Current { get; init; }

    public required string Role { get; init; }
    public required string Content { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
}

/// <summary>What a deletion took away, store by store.</summary>
public sealed record DeletionReceipt
{
    public required string Session { get; init; }

    /// <summary>Ids of the turns that are gone.</summary>
    public required IReadOnlyList<string> Turns { get; init; }

    /// <summary>Rows by store: <c>turns</c>, <c>facts</c>, <c>summaries</c> deleted, and the vectors of the turns with them; <c>events</c>, <c>receipts</c> stripped of every word.</summary>
    public required IReadOnlyDictionary<string, int> Removed { get; init; }

    /// <summary>Ids of facts that hold again, because what had ended them is gone.</summary>
    public required IReadOnlyList<string> Restored { get; init; }
}
