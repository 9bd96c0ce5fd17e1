namespace Comox.Memory.Datasets;

/// <summary>
/// How long the prompts of a part of a data set are. A model learns to copy from short prompts many times faster than from long ones, and keeps it when they grow:
/// a data set begins with the short.
/// </summary>
internal sealed record Stage(string Name)
{
    /// <summary>Part of the encounters.</summary>
    public required double Share { get; init; }

    public required (int Least, int Most) MemoryLines { get; init; }

    /// <summary>Messages with their replies that come before the last.</summary>
    public required (int Least, int Most) Exchanges { get; init; }

    /// <summary>How much of a card: 0, 1 or 2, with its weight.</summary>
    public required IReadOnlyList<(int Detail, double Weight)> Detail { get; init; }

    /// <summary>How likely there is a scene, a summary, lore, an instruction of the client.</summary>
    public required double Extras { get; init; }

    /// <summary>Last messages that share one prompt.</summary>
    public required int Endings { get; init; }

    public static IReadOnlyList<Stage> All { get; } =
    [
        new("short") { Share = .36, MemoryLines = (0, 4), Exchanges = (0, 1), Detail = [(0, 1)], Extras = .03, Endings = 10 },
        new("middle") { Share = .3, MemoryLines = (1, 8), Exchanges = (0, 3), Detail = [(0, 4), (1, 6)], Extras = .15, Endings = 14 },
        new("long") { Share = .34, MemoryLines = (2, 12), Exchanges = (0, 8), Detail = [(0, 2), (1, 4), (2, 4)], Extras = .25, Endings = 18 },
    ];
}
