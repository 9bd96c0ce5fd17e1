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
    private const string OmittedI = "I ";

    public IReadOnlyList<ExtractedFact> Extract(string content)
    {
        if (content.Length > MaxLength)
            return [];

        var message = new MessageText(content);
        var facts = new List<ExtractedFact>();
        foreach (var clause in Clauses.Of(message.Text))
            facts.AddRange(InClause(message, clause));
        return facts;
    }

    private static IEnumerable<ExtractedFact> InClause(MessageText message, Clause clause)
    {
        // The rules want their "I": where the clause leaves it out, it is put before it, and taken off the places again.
        var omitted = clause.OmitsI ? OmittedI.Length : 0;
        var text = clause.OmitsI ? OmittedI + clause.Text : clause.Text;
        foreach (var rule in FactRules.All)
        {
            var match = rule.Pattern.Match(text);
            if (!match.Success)
                continue;

            var all = match.Groups["all"].Success;
            var value = all ? "" : FactValues.Clean(match.Groups["v"].Value, rule.Kind, message.IsLowerCase);
            if (value is null || RelationOf(rule, match, value) is not { } relation)
                continue;

            var end = all ? match.Length : match.Groups["v"].Index > match.Groups["noun"].Index ? match.Groups["v"].Index + value.Length : match.Length;
            end = Math.Max(end, match.Groups["noun"].Index + match.Groups["noun"].Length);
            return Facts(rule, relation, Canonical(relation, value), message.Quote(clause.Start, end - omitted));
        }

        return clause.Greeted && Introduction().Match(text) is { Success: true } introduction && Introduces(introduction.Groups["v"].Value)
            ? [Fact(Relations.Name, introduction.Groups["v"].Value, retracts: false, message.Quote(clause.Start, introduction.Length))]
            : [];
    }

    private static IEnumerable<ExtractedFact> Facts(FactRule rule, string relation, string value, (int Start, string Text) quote)
    {
        if (rule.Says == Says.Ended)
        {
            yield return Fact(relation, value, retracts: true, quote);
            yield break;
        }

        if (rule.Says == Says.Was)
        {
            yield return Fact(relation, value, retracts: false, quote) with { Past = true };
            yield break;
        }

        if (!Relations.IsFunctional(relation) && rule.Says == Says.HoldsAlone)
            yield return Fact(relation, "", retracts: true, quote);
        yield return Fact(relation, value, retracts: false, quote);
    }

    private static ExtractedFact Fact(string relation, string value, bool retracts, (int Start, string Text) quote) =>
        new(relation, value, retracts, quote.Start, quote.Text);

    private static string? RelationOf(FactRule rule, Match match, string value)
    {
        if (match.Groups["noun"] is not { Success: true } group)
            return rule.Relation;

        var noun = group.Value.ToLowerInvariant().Replace("color", "colour", StringComparison.Ordinal);
        var words = noun.Split(' ');
        if (words.Any(word => word is "my" or "says" or "said" or "thinks" or "is" or "a" or "the" or "and" or "that" or "who" or "whose" or "i") || FactWords.NotNouns.Contains(words[^1]) || FactWords.IsSecret(noun))
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
        !FactWords.NotNames.Contains(word) && !FactValues.IsDescription(word);

    [GeneratedRegex(@"^(?:[Ii]'m|[Ii] am) (?<v>[\p{Lu}\p{Lo}](?>[\p{L}'-]+)(?> [\p{Lu}\p{Lo}][\p{L}'-]+)?)(?=\W*$)")]
    private static partial Regex Introduction();

    [GeneratedRegex(@"^(?:an?|the)\s", RegexOptions.IgnoreCase)]
    private static partial Regex Article();
}
