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

    /// <summary>Those that say something, by name.</summary>
    public IEnumerable<(string Lane, double Score)> Named()
    {
        (string Lane, double Score)[] lanes =
        [
            ("lexical", Lexical), ("neighbour", Neighbour), ("key", Key), ("subject", Subject), ("session", Session), ("window", Window), ("cues", Cues), ("dense", Dense), ("graph", Graph),
        ];
        return lanes.Where(lane => lane.Score != 0);
    }
}

/// <summary>A turn by its number, with what speaks for it.</summary>
internal readonly record struct Finalist(int Turn, LaneScores Lanes);
