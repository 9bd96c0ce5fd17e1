using Comox.Memory.Datasets.Words;

namespace Comox.Memory.Datasets;

/// <summary>
/// How long the prompts of an encounter are, and what is in them. A model learns to copy from short prompts many times faster than from long ones, and keeps it when
/// they grow: a data set begins with the short.
/// </summary>
internal sealed record Stage(string Name)
{
    public required (int Least, int Most) MemoryLines { get; init; }

    /// <summary>Messages with their replies that come before the last.</summary>
    public required (int Least, int Most) Exchanges { get; init; }

    /// <summary>How much of a card: 0, 1 or 2, with its weight.</summary>
    public required IReadOnlyList<(int Detail, double Weight)> Detail { get; init; }

    /// <summary>How likely there is a scene, a summary, lore, an instruction of the client.</summary>
    public required double Extras { get; init; }

    /// <summary>Last messages that share one prompt.</summary>
    public required int Endings { get; init; }

    /// <summary>Whether nothing is said but words to be said again: a model that has to find out how to copy does so here in a tenth of the time.</summary>
    public bool IsEcho { get; init; }

    /// <summary>Whether characters say only what they are asked, in plain words: nothing but finding and copying is to be learned.</summary>
    public bool IsBare { get; init; }

    private static readonly Stage Echo = new("echo") { IsEcho = true, IsBare = true, MemoryLines = (0, 0), Exchanges = (0, 0), Detail = [(0, 1)], Extras = 0, Endings = 8 };
    private static readonly Stage Bare = new("bare") { IsBare = true, MemoryLines = (0, 5), Exchanges = (0, 0), Detail = [(0, 1)], Extras = 0, Endings = 22 };
    private static readonly Stage Crowded = new("crowded") { IsBare = true, MemoryLines = (4, 12), Exchanges = (0, 4), Detail = [(0, 1)], Extras = 0, Endings = 20 };
    private static readonly Stage Short = new("short") { MemoryLines = (0, 5), Exchanges = (0, 2), Detail = [(0, 1)], Extras = .03, Endings = 20 };
    private static readonly Stage Middle = new("middle") { MemoryLines = (1, 9), Exchanges = (0, 4), Detail = [(0, 4), (1, 6)], Extras = .15, Endings = 20 };
    private static readonly Stage Long = new("long") { MemoryLines = (3, 12), Exchanges = (0, 8), Detail = [(0, 2), (1, 4), (2, 4)], Extras = .25, Endings = 20 };

    public static IReadOnlyList<Stage> All { get; } = [Echo, Bare, Crowded, Short, Middle, Long];

    /// <summary>
    /// How often each stage of <see cref="All"/> is next when so much of the data set is made; between two lines, in between. Nothing begins at once and nothing ends: a model that meets
    /// voices all of a sudden forgets for half of its training that it may not know something.
    /// </summary>
    private static readonly IReadOnlyList<(double Made, double[] Weights)> Mixture =
    [
        // echo bare crowded short middle long
        (0, [1, 0, 0, 0, 0, 0]),
        (.03, [1, 0, 0, 0, 0, 0]),
        (.05, [.05, .95, 0, 0, 0, 0]),
        (.17, [.04, .6, .26, .1, 0, 0]),
        (.35, [.04, .12, .5, .2, .1, .04]),
        (.6, [.03, .05, .32, .2, .22, .18]),
        (1, [.02, .02, .1, .12, .3, .44]),
    ];

    /// <summary>The stage of the next encounter, by how much of the data set is made.</summary>
    /// <param name="made">From 0, below 1.</param>
    /// <param name="dice">The choices.</param>
    public static Stage At(double made, Dice dice)
    {
        var after = Mixture.Count(line => line.Made <= made);
        var ((begin, before), (end, next)) = (Mixture[after - 1], Mixture[after]);
        var share = (made - begin) / (end - begin);
        return dice.Weighted([.. All.Select((stage, index) => (stage, before[index] + (share * (next[index] - before[index]))))]);
    }
}
