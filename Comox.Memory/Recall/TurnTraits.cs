namespace Comox.Memory.Recall;

/// <summary>What kind of thing a turn says, by its words alone.</summary>
[Flags]
internal enum TurnTraits : byte
{
    None = 0,

    /// <summary>Said by the person, not by a character.</summary>
    User = 1,

    Empty = 2,

    /// <summary>Asks, and says nothing besides.</summary>
    PlainQuestion = 4,

    /// <summary>Ends with a question, which the next turn may answer.</summary>
    Asks = 8,

    TellsTime = 16,
    HasNumber = 32,

    FirstPerson = 64,
}
