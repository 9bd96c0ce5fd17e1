namespace Comox.Memory.Identity.Drift;

/// <summary>
/// Compares replies with one version of a character: no model, no clock, no chance; the same reply in the same place always gets the same score. Made once per
/// version, used by any number of threads.
/// </summary>
internal sealed class DriftScorer
{
    /// <summary>A reply with fewer words has no style to speak of.</summary>
    public const int LeastWords = 4;

    /// <summary>Fewer lines of a character are no voice.</summary>
    public const int LeastLines = 2;

    private const double StyleWeight = 0.6;
    private const double VocabularyWeight = 0.6;
    private const double BoundaryWeight = 0.95;
    private const double AgencyWeight = 0.95;
    private const double AssistantWeight = 0.95;

    private readonly StyleBaseline _style;
    private readonly VocabularyBaseline _vocabulary;
    private readonly AssistantRules _assistant;
    private readonly AgencyRules _agency;
    private readonly Boundary[] _boundaries;

    public DriftScorer(IdentityCore core)
    {
        var spoken = VocabularyBaseline.Spoken(core);
        var lines = spoken.Select(line => new SpokenText(line)).ToList();
        _style = new StyleBaseline(core, lines);
        _vocabulary = new VocabularyBaseline(spoken);
        _assistant = new AssistantRules(core, lines);
        _agency = new AgencyRules(lines);
        _boundaries = [.. core.Boundaries.Where(boundary => boundary.IsChecked)];
    }

    public DriftScore Score(ReplyToScore asked)
    {
        var reply = new SpokenText(asked.Reply);
        var shape = ReplyShape.Of(reply);
        var evidence = new List<DriftEvidence>();
        var enough = shape.Words >= LeastWords;

        // What is found counts in a reply of any length; only what is not found needs words to be missing from.
        var assistant = Found(_assistant.Score(reply, evidence), enough);
        var agency = Found(_agency.Score(reply, asked.Message, asked.UserNames, evidence), enough);
        var boundary = _boundaries.Length == 0 ? null : Found(Breaches(reply, evidence), enough);
        double? style = enough && _style.IsKnown ? _style.Score(shape, evidence) : null;
        var vocabulary = enough && _vocabulary.IsKnown ? _vocabulary.Score(asked, evidence) : null;
        if (assistant is null && agency is null && boundary is null)
            return DriftScore.Unknown;

        evidence.Sort((one, other) => other.Weight.CompareTo(one.Weight));
        return new DriftScore
        {
            Style = style,
            Vocabulary = vocabulary,
            Boundary = boundary,
            Agency = agency,
            AssistantSpeak = assistant,
            Total = 1 - (Calm(style, StyleWeight) * Calm(vocabulary, VocabularyWeight) * Calm(boundary, BoundaryWeight) * Calm(agency, AgencyWeight) * Calm(assistant, AssistantWeight)),
            Evidence = evidence,
        };
    }

    private double Breaches(SpokenText reply, List<DriftEvidence> evidence)
    {
        var calm = 1.0;
        foreach (var boundary in _boundaries)
        {
            var (weight, words) = boundary.Breach(reply);
            if (weight <= 0)
                continue;
            calm *= 1 - weight;
            evidence.Add(new DriftEvidence(DriftComponents.Boundary, weight, $"\"{boundary.Text}\" is broken by \"{words}\""));
        }

        return 1 - calm;
    }

    private static double? Found(double score, bool enough) => score > 0 || enough ? score : null;

    private static double Calm(double? component, double weight) => 1 - (weight * (component ?? 0));
}
