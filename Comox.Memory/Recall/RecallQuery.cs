namespace Comox.Memory.Recall;

/// <summary>What is recalled for: a message, and who says it to whom, when.</summary>
internal sealed record RecallQuery
{
    public required string Text { get; init; }

    /// <summary>When the message was sent: "last week" is the week before it.</summary>
    public required DateTimeOffset At { get; init; }

    /// <summary>The calendar of the person who sends it.</summary>
    public TimeZoneInfo Zone { get; init; } = TimeZoneInfo.Utc;

    /// <summary>The speaker whom "I" means; null when the one who asks is no speaker of the conversation.</summary>
    public string? Asker { get; init; }

    /// <summary>The speaker whom "you" means.</summary>
    public string? Addressee { get; init; }

    /// <summary>The character that recalls: it gets what it witnessed and nothing else. Null for who may see everything.</summary>
    public string? Witness { get; init; }

    /// <summary>The id of the turn that asks, when it is in the index: it would find itself.</summary>
    public string? Except { get; init; }

    /// <summary>What a model took the message for; null: the rules decide.</summary>
    public Intent? Intent { get; init; }

    /// <summary>Similarities by turn id, of any scale, from a search over vectors; null when there is none.</summary>
    public IReadOnlyDictionary<string, double>? Dense { get; init; }

    /// <summary>Ids of the turns and facts that the graph reaches from what the message names, with positive scores of any scale.</summary>
    public IReadOnlyList<(string Id, double Score)> Graph { get; init; } = [];
}

/// <summary>What a message wants of memory.</summary>
internal enum Intent
{
    /// <summary>Anything that is none of the others.</summary>
    Other,

    /// <summary>A greeting, thanks, a yes: nothing is recalled for it but who the person is.</summary>
    SmallTalk,

    /// <summary>About the one who says it.</summary>
    AboutPerson,

    /// <summary>About the one it is said to.</summary>
    AboutCharacter,

    /// <summary>About a time, or for one.</summary>
    Temporal,

    /// <summary>For several things, or for what several turns say together.</summary>
    List,
}

/// <summary>A turn with what each lane adds to its score.</summary>
internal sealed record FoundTurn(RecallTurn Turn, TurnTraits Traits, LaneScores Lanes)
{
    public double Score => Lanes.Sum;
}

/// <summary>What a search found, best first, and how it read the message.</summary>
internal sealed record FoundTurns(Intent Intent, TimeWindow? Window, IReadOnlyList<FoundTurn> Turns);
