using Comox.Memory.Identity.Drift;

namespace Comox.Memory;

/// <summary>The section <c>Comox:Memory</c>.</summary>
internal sealed record MemoryOptions
{
    public const string Section = "Comox:Memory";

    /// <summary>The largest card that is taken, in bytes.</summary>
    public int MaxCardBytes { get; init; } = 16 * 1024 * 1024;

    /// <summary>How many turns the recall indexes may hold in memory, all people together; the least used index goes first.</summary>
    public int MaxIndexedTurns { get; init; } = 1_000_000;

    /// <summary>Whose indexes are built right after a start, and not with their first message: so many of those who spoke last. 0: nobody's.</summary>
    public int WarmPeople { get; init; } = 50;

    /// <summary>How long a prompt waits for the vector of the message and its neighbours; without them recall goes by words.</summary>
    public TimeSpan DenseTimeout { get; init; } = TimeSpan.FromMilliseconds(150);

    /// <summary>How long a prompt waits for the model of the <c>intent</c> role; without it the rules decide.</summary>
    public TimeSpan IntentTimeout { get; init; } = TimeSpan.FromMilliseconds(150);

    /// <summary>Whether an empty database gets the example characters.</summary>
    public bool ExampleCharacters { get; init; } = true;

    /// <summary>When a character counts as out of character.</summary>
    public DriftOptions Drift { get; init; } = new();

    public IEnumerable<string> Problems()
    {
        if (MaxCardBytes is < 1024 or > 256 * 1024 * 1024)
            yield return $"{Section}:{nameof(MaxCardBytes)} is {MaxCardBytes}; it must be between 1024 and 268435456 bytes.";
        if (DenseTimeout < TimeSpan.FromMilliseconds(1) || DenseTimeout > TimeSpan.FromMinutes(1))
            yield return $"{Section}:{nameof(DenseTimeout)} is {DenseTimeout}; it must be between 1 ms and 1 min.";
        if (IntentTimeout < TimeSpan.FromMilliseconds(1) || IntentTimeout > TimeSpan.FromMinutes(1))
            yield return $"{Section}:{nameof(IntentTimeout)} is {IntentTimeout}; it must be between 1 ms and 1 min.";
        if (MaxIndexedTurns < 1000)
            yield return $"{Section}:{nameof(MaxIndexedTurns)} is {MaxIndexedTurns}; it must be at least 1000 turns.";
        if (WarmPeople is < 0 or > 100_000)
            yield return $"{Section}:{nameof(WarmPeople)} is {WarmPeople}; it must be between 0 and 100000 people.";
        foreach (var problem in Drift.Problems())
            yield return problem;
    }
}
