namespace Comox.Memory.Recall;

/// <summary>What each lane adds to a turn's score, in shares of the best word score: 1 is as good as words alone can get.</summary>
internal readonly record struct LaneScores
{
    /// <summary>BM25 of the words that the turn says itself.</summary>
    public double Lexical { get; init; }

    /// <summary>BM25 of the words around it.</summary>
    public double Neighbour { get; init; }

    /// <summary>BM25 of the keys that its facts add.</summary>
    public double Key { get; init; }

    /// <summary>Its speaker is whom the message is about.</summary>
    public double Subject { get; init; }

    /// <summary>Its episode is about what the message is about.</summary>
    public double Session { get; init; }

    /// <summary>It was said in the time that the message names.</summary>
    public double Window { get; init; }

    /// <summary>It has the shape of an answer: a time for "when", a number for "how many", the words side by side.</summary>
    public double Cues { get; init; }

    public double Dense { get; init; }
    public double Graph { get; init; }

    public double Words => Lexical + Neighbour + Key;

    public double Sum => Lexical + Neighbour + Key + Subject + Session + Window + Cues + Dense + Graph;

    /// <summary>Those that say something, by name, in that scale.</summary>
    public IReadOnlyDictionary<string, double> Named(double scale) => NamedLanes.Of(
        ("lexical", scale * Lexical), ("neighbour", scale * Neighbour), ("key", scale * Key), ("subject", scale * Subject), ("session", scale * Session),
        ("window", scale * Window), ("cues", scale * Cues), ("dense", scale * Dense), ("graph", scale * Graph));
}

/// <summary>Lanes as a receipt shows them: in the order of their names, to six places, and those that say nothing left out.</summary>
internal static class NamedLanes
{
    public static IReadOnlyDictionary<string, double> Of(params ReadOnlySpan<(string Lane, double Score)> lanes)
    {
        var named = new SortedList<string, double>(lanes.Length, StringComparer.Ordinal);
        foreach (var (lane, score) in lanes)
        {
            if (Math.Round(score, 6) is not 0 and var shown)
                named.Add(lane, shown);
        }

        return named;
    }
}

/// <summary>A turn by its number, with what speaks for it.</summary>
internal readonly record struct Finalist(int Turn, LaneScores Lanes);
