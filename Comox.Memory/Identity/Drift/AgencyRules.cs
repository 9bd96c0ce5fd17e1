using Comox.Memory.Cards;

namespace Comox.Memory.Identity.Drift;

/// <summary>
/// Sees where a reply speaks or acts for the person: a line under the person's name, or narration in which the person is the one who acts
/// (<c>*You take her hand.*</c>, <c>*Mara nods.*</c>). What the person said first may be repeated; questions, conditions and advice decide nothing. A character
/// whose own lines narrate for the person, as a game master's do, is only held to the first rule.
/// </summary>
internal sealed class AgencyRules
{
    private const double WrittenLine = 0.95;
    private const double InNarration = 0.75;
    private const double InSpeech = 0.4;
    private const int LongestLabel = 60;

    private readonly bool _narrates;

    public AgencyRules(IReadOnlyList<SpokenText> lines)
    {
        var narrated = lines.Count(line => Acts(line, "", [], []) > 0);
        _narrates = narrated > 1 && narrated * 4 >= lines.Count;
    }

    public double Score(SpokenText reply, string message, IReadOnlyList<string> names, List<DriftEvidence> evidence)
    {
        var calm = 1 - Lines(reply.Text, names, evidence);
        return 1 - (calm * (_narrates ? 1 : 1 - Acts(reply, message, names, evidence)));
    }

    private static double Lines(string text, IReadOnlyList<string> names, List<DriftEvidence> evidence)
    {
        foreach (var line in text.AsSpan().EnumerateLines())
        {
            var colon = line.IndexOf(':');
            if (colon is <= 0 or > LongestLabel)
                continue;
            var label = line[..colon].Trim().Trim("*[]_").Trim();
            if (!Is(label, "{{user}}") && !Is(label, "<user>") && !Is(label, "user") && !IsOneOf(label, names))
                continue;
            evidence.Add(new DriftEvidence(DriftComponents.Agency, WrittenLine, $"a line is written for the person: \"{Shortened(line)}\""));
            return WrittenLine;
        }

        return 0;
    }

    private static double Acts(SpokenText reply, string message, IReadOnlyList<string> names, List<DriftEvidence> evidence)
    {
        var quoting = reply.Has(PartKind.Quote);
        var calm = 1.0;
        foreach (var part in reply.Parts)
        {
            if (part.Kind == PartKind.Quote)
                continue;
            // Around quotation marks, plain text is narration as well, but less surely than between asterisks.
            var weight = part.Kind == PartKind.Action ? InNarration : InSpeech;
            foreach (var clause in Clauses.Of(reply.Of(part).ToString()))
            {
                if (clause.Asks || Subject(clause, names) is not { } subject || Verb(clause, subject.After) is not { } verb)
                    continue;
                var narrated = part.Kind == PartKind.Action || (quoting && subject.ByName);
                if ((!narrated && !AgencyWords.IsTold(verb)) || SaidFirst(message, verb))
                    continue;
                calm *= 1 - weight;
                evidence.Add(new DriftEvidence(DriftComponents.Agency, weight, $"it decides for the person: \"{Shortened(clause.Text)}\""));
            }
        }

        return 1 - calm;
    }

    /// <summary>The person, where a clause begins with it.</summary>
    private static (int After, bool ByName)? Subject(Clause clause, IReadOnlyList<string> names)
    {
        var at = 0;
        while (at < clause.Words.Count && AgencyWords.OpensClause(clause.Words[at]))
            at++;
        if (at >= clause.Words.Count)
            return null;
        if (Is(clause.Words[at], "you"))
            return (at + 1, false);
        foreach (var name in names)
        {
            var parts = name.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (parts.Length > 0 && clause.Words.Skip(at).Take(parts.Length).SequenceEqual(parts, StringComparer.OrdinalIgnoreCase))
                return (at + parts.Length, true);
        }

        // "She takes out her purse" after a clause whose subject was the person is left alone: who "she" is cannot be known.
        return null;
    }

    private static string? Verb(Clause clause, int at)
    {
        while (at < clause.Words.Count && AgencyWords.IsAdverb(clause.Words[at]))
            at++;
        return at < clause.Words.Count ? AgencyWords.Base(clause.Words[at]) : null;
    }

    private static bool SaidFirst(string message, string verb)
    {
        foreach (var word in Clauses.WordsOf(message))
        {
            if (AgencyWords.Base(word) == verb)
                return true;
        }

        return false;
    }

    private static bool IsOneOf(ReadOnlySpan<char> label, IReadOnlyList<string> names)
    {
        foreach (var name in names)
        {
            if (name.Length > 0 && Is(label, name) && !Is(label, CardMacros.NamelessUser))
                return true;
        }

        return false;
    }

    private static bool Is(ReadOnlySpan<char> text, string other) => text.Equals(other, StringComparison.OrdinalIgnoreCase);

    private static string Shortened(ReadOnlySpan<char> text)
    {
        text = text.Trim();
        return text.Length <= 80 ? text.ToString() : $"{text[..79]}…";
    }
}
