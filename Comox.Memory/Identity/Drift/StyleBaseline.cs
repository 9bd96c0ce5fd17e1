namespace Comox.Memory.Identity.Drift;

/// <summary>
/// How a character's lines are built, and how far a reply is from that: a delta in the manner of Burrows ("Delta: a measure of stylistic difference", 2002),
/// the distance in standard deviations over several figures. Cards have few lines, so each deviation is drawn towards what is usual of any voice.
/// </summary>
internal sealed class StyleBaseline
{
    // How many lines the lent deviation weighs.
    private const double LentLines = 4;

    // Below the first an ordinary reply of the same voice lies; at the second nobody would take the two for one.
    private const double Ordinary = 1.0;
    private const double Foreign = 2.6;
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
        double sum = 0;
        var known = 0;
        for (var at = 0; at < _means.Length; at++)
        {
            if (!_known[at])
                continue;
            var feature = StyleFeature.All[at];
            var value = feature.Of(shape);
            // Of two sentences, one that asks is already half: a share over few sentences says little.
            var variance = (_deviations[at] * _deviations[at]) + (feature.PerSentence ? Share(_means[at]) / Math.Max(1, shape.Sentences) : 0);
            var distance = Math.Min(5, Math.Abs(value - _means[at]) / Math.Sqrt(variance));
            sum += distance * distance;
            known++;
            if (distance >= Notable)
                evidence.Add(new DriftEvidence(DriftComponents.Style, Math.Min(1, distance / 5), $"{feature.Written(value)}; here it is {feature.Written(_means[at])} as a rule"));
        }

        return Math.Clamp((Math.Sqrt(sum / known) - Ordinary) / (Foreign - Ordinary), 0, 1);
    }

    private static double Share(double mean)
    {
        var share = Math.Clamp(mean, 0.05, 0.95);
        return share * (1 - share);
    }
}
