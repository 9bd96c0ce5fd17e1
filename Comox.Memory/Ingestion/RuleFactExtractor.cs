using System.Text.RegularExpressions;

namespace Comox.Memory.Ingestion;

/// <summary>
/// Reads facts by <see cref="FactRules"/>: no model, no network, the same answer every time. It would rather miss a statement than invent one:
/// the turn itself stays searchable, a wrong fact would be told back to the person.
/// </summary>
internal sealed partial class RuleFactExtractor : IFactExtractor
{
    // A pasted book is not a person speaking of themselves.
    private const int MaxLength = 8_000;

    public IReadOnlyList<ExtractedFact> Extract(string content)
    {
        if (content.Length > MaxLength)
            return [];

        var facts = new List<ExtractedFact>();
        foreach (var clause in Clauses.Of(content))
            facts.AddRange(InClause(content, clause));
        return facts;
    }

    private static IEnumerable<ExtractedFact> InClause(string content, Clause clause)
    {
        foreach (var rule in FactRules.All)
        {
            var match = rule.Pattern.Match(clause.Text);
            if (!match.Success)
                continue;

            var all = match.Groups["all"].Success;
            var value = all ? "" : FactValues.Clean(match.Groups["v"].Value, rule.Kind);
            if (value is null || RelationOf(rule, match, value) is not { } relation)
                continue;

            var length = all ? match.Length : match.Groups["v"].Index > match.Groups["noun"].Index ? match.Groups["v"].Index + value.Length : match.Length;
            var quote = content.Substring(clause.Start, Math.Max(length, match.Groups["noun"].Index + match.Groups["noun"].Length)).TrimEnd();
            return Facts(rule, relation, Canonical(relation, value), clause, quote);
        }

        return clause.Greeted && Introduction().Match(clause.Text) is { Success: true } introduction && Introduces(introduction.Groups["v"].Value)
            ? [new ExtractedFact(Relations.Name, introduction.Groups["v"].Value, false, clause.Start, content.Substring(clause.Start, introduction.Length))]
            : [];
    }

    private static IEnumerable<ExtractedFact> Facts(FactRule rule, string relation, string value, Clause clause, string quote)
    {
        if (rule.Says == Says.Ended)
        {
            yield return new ExtractedFact(relation, value, Retracts: true, clause.Start, quote);
            yield break;
        }

        if (!Relations.IsFunctional(relation) && rule.Says == Says.HoldsAlone)
            yield return new ExtractedFact(relation, "", Retracts: true, clause.Start, quote);
        yield return new ExtractedFact(relation, value, Retracts: false, clause.Start, quote);
    }

    private static string? RelationOf(FactRule rule, Match match, string value)
    {
        if (match.Groups["noun"] is not { Success: true } group)
            return rule.Relation;

        var noun = group.Value.ToLowerInvariant().Replace("color", "colour", StringComparison.Ordinal);
        var words = noun.Split(' ');
        if (words.Any(word => word is "my" or "says" or "said" or "thinks" or "is" or "a" or "the" or "and" or "that" or "who" or "whose" or "i") || FactWords.NotNouns.Contains(words[^1]))
            return null;
        return rule.Relation switch
        {
            Relations.Named or Relations.Pet when FactWords.Pets.Contains(noun) => Relations.WithNoun(Relations.Pet, noun),
            Relations.Pet => null,
            Relations.Favourite when noun is "drink" => Relations.LikesToDrink,
            Relations.Favourite when noun is "dish" or "meal" => Relations.Favourite + "food",
            Relations.Is when noun is "hobby" => Relations.Hobby,
            _ => Relations.WithNoun(rule.Relation, noun),
        };
    }

    private static string Canonical(string relation, string value)
    {
        if (relation == Relations.Name || relation.StartsWith(Relations.Named, StringComparison.Ordinal) || relation.StartsWith(Relations.Pet, StringComparison.Ordinal))
            return value.Length > 0 && char.IsLower(value[0]) ? char.ToUpperInvariant(value[0]) + value[1..] : value;
        return relation == Relations.WorksAs && value.Length > 0 && !Article().IsMatch(value)
            ? ("aeiou".Contains(char.ToLowerInvariant(value[0]), StringComparison.Ordinal) ? "an " : "a ") + value
            : value;
    }

    // "Hi, I'm Mara" introduces; "Hi, I'm German" and "Hi, I'm Tired" do not.
    private static bool Introduces(string word) =>
        !FactWords.NotNames.Contains(word) && !FactWords.NotAttributes.Contains(word) && !Nationality().IsMatch(word);

    [GeneratedRegex(@"^(?:[Ii]'m|[Ii] am) (?<v>\p{Lu}[\p{L}'-]+(?: \p{Lu}[\p{L}'-]+)?)(?=\W*$)")]
    private static partial Regex Introduction();

    [GeneratedRegex("(?:ish|ese|erman|ench|utch|ian|ican|reek|hai|ech|iss)$", RegexOptions.IgnoreCase)]
    private static partial Regex Nationality();

    [GeneratedRegex(@"^(?:an?|the)\s", RegexOptions.IgnoreCase)]
    private static partial Regex Article();
}
