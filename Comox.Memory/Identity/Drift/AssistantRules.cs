namespace Comox.Memory.Identity.Drift;

/// <summary>
/// Hears the voice of an assistant in a reply. What the character itself says in its card is its own voice; a machine may say that it is one, and who serves
/// may offer service.
/// </summary>
internal sealed class AssistantRules
{
    private readonly List<AssistantPhrase> _phrases;

    public AssistantRules(IdentityCore core, IReadOnlyList<SpokenText> lines)
    {
        var about = $"{core.Description}\n{core.Psychology}\n{core.Style}";
        var (machine, serves) = (AssistantPhrases.MachineCard.IsMatch(about), AssistantPhrases.ServingCard.IsMatch(about));
        _phrases =
        [
            .. AssistantPhrases.All.Where(phrase =>
                !(machine && phrase.Kind == PhraseKind.Machine)
                && !(serves && phrase.Kind == PhraseKind.Service)
                && !lines.Any(line => phrase.Pattern.IsMatch(line.Text))),
        ];
    }

    public double Score(SpokenText reply, List<DriftEvidence> evidence)
    {
        var calm = 1.0;
        foreach (var phrase in _phrases)
        {
            if (!Heard(phrase, reply, out var words))
                continue;
            calm *= 1 - phrase.Weight;
            evidence.Add(new DriftEvidence(DriftComponents.AssistantSpeak, phrase.Weight, phrase.Kind == PhraseKind.Layout ? $"laid out like a document: {words}" : $"an assistant's phrase: \"{words}\""));
        }

        return 1 - calm;
    }

    private static bool Heard(AssistantPhrase phrase, SpokenText reply, out string words)
    {
        for (var match = phrase.Pattern.Match(reply.Text); match.Success; match = match.NextMatch())
        {
            if (phrase.Kind != PhraseKind.Layout && IsQuoted(reply, match.Index))
                continue;
            words = match.Value.Trim().ReplaceLineEndings(" ");
            return true;
        }

        words = "";
        return false;
    }

    // Somebody who tells what a clerk said quotes a little; somebody all of whose speech is in quotation marks says it.
    private static bool IsQuoted(SpokenText reply, int place)
    {
        if (reply.At(place).Kind != PartKind.Quote)
            return false;
        var (quoted, said) = (0, 0);
        foreach (var part in reply.Parts)
        {
            quoted += part.Kind == PartKind.Quote ? part.Length : 0;
            said += part.Kind == PartKind.Action ? 0 : part.Length;
        }

        return quoted * 2 < said;
    }
}
