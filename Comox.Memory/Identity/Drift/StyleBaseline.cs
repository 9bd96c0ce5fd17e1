namespace Comox.Memory.Identity.Drift;

/// <summary>
/// How a character's lines are built, and how far a reply is from that: a delta in the manner of Burrows ("Delta: a measure of stylistic difference", 2002),
/// the distance in standard deviations over the figures that differ most. Cards have few lines, so each deviation is drawn towards what is usual of any voice.
/// </summary>
internal sealed class StyleBaseline
{
    // How many lines the lent deviation weighs.
    private const double LentLines = 4;

    // A reply that is foreign in four figures is foreign, however usual the other eight are.
    private const int Counted = 4;

    // Below the first an ordinary reply of the same voice lies; at the second nobody would take the two for one.
    private const double Ordinary = 1.2;
    private const double Foreign = 3.0;
    private const double Notable = 1.8;

    private readonly double[] _means;
    private readonly double[] _deviations;
    private readonly bool[] _known;

    public StyleBaseline(IdentityCore core, IReadOnlyList<SpokenText> lines)
    {
        var shapes = lines.Select(ReplyShape.Of).Where(shape => shape.Words >= DriftScorer.LeastWords).ToList();
        var count = StyleFeature.All.Length;
        (_means, _deviations, _known) = (new double[count], new double[count], new bool[count]);
        for (var at = 0; at < count; at++)
        {
            var feature = StyleFeature.All[at];
            var values = shapes.Select(feature.Of).ToList();
            var stated = feature.Stated?.Invoke(core.StatedCadence);
            _known[at] = stated is not null || values.Count >= DriftScorer.LeastLines;
            if (!_known[at])
                continue;
            var mean = values.Count == 0 ? 0 : values.Average();
            var squares = values.Sum(value => (value - mean) * (value - mean)) + (LentLines * feature.Spread * feature.Spread);
            // The mean of few lines is itself uncertain.
            var uncertainty = stated is null ? 1 + (1.0 / values.Count) : 1;
            _means[at] = stated ?? mean;
            _deviations[at] = Math.Sqrt(squares / (values.Count + LentLines) * uncertainty);
        }

        IsKnown = Array.IndexOf(_known, true) >= 0;
    }

    public bool IsKnown { get; }

    public double Score(ReplyShape shape, List<DriftEvidence> evidence)
    {
        Span<double> distances = stackalloc double[_means.Length];
        var known = 0;
        for (var at = 0; at < _means.Length; at++)
        {
            if (Distance(at, shape) is not { } distance)
                continue;
            distances[known++] = distance;
            if (distance >= Notable)
            {
                var feature = StyleFeature.All[at];
                evidence.Add(new DriftEvidence(DriftComponents.Style, Math.Min(1, distance / 5), $"{feature.Written(feature.Of(shape))}; here it is {feature.Written(_means[at])} as a rule"));
            }
        }

        distances = distances[..known];
        distances.Sort();
        var (counted, squares) = (Math.Min(Counted, known), 0.0);
        foreach (var distance in distances[^counted..])
            squares += distance * distance;
        return Math.Clamp((Math.Sqrt(squares / counted) - Ordinary) / (Foreign - Ordinary), 0, 1);
    }

    /// <summary>In standard deviations, at most 5; null where the feature is unknown.</summary>
    internal double? Distance(int feature, ReplyShape shape)
    {
        if (!_known[feature])
            return null;
        var (measured, mean) = (StyleFeature.All[feature], _means[feature]);
        // Of two sentences, one that asks is already half: figures of a short reply are chance to a large part.
        var deviation = Math.Sqrt((_deviations[feature] * _deviations[feature]) + measured.Chance(shape, mean));
        var difference = measured.Of(shape) - mean;
        return Math.Min(5, (difference < 0 ? -difference * measured.Below : difference) / deviation);
    }
}
