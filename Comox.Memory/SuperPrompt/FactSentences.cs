using System.Text.RegularExpressions;
using Comox.Memory.Ingestion;

namespace Comox.Memory.SuperPrompt;

/// <summary>Facts as sentences: the one place that words them, because the built-in model reads exactly these forms.</summary>
internal static partial class FactSentences
{
    public static string Of(string relation, string value, string name)
    {
        var noun = Relations.NounOf(relation);
        return relation switch
        {
            Relations.Name => $"{Possessive(name, value)} name is {value}.",
            Relations.LivesIn => $"{name} lives in {value}.",
            Relations.WorksAs => $"{name} works as {value}.",
            Relations.LikesToDrink => $"{name} likes to drink {value}.",
            Relations.LikesToEat => $"{name} likes to eat {value}.",
            Relations.Likes => $"{name} likes {value}.",
            Relations.Dislikes => $"{name} does not like {value}.",
            Relations.Hates => $"{name} hates {value}.",
            Relations.AfraidOf => $"{name} is afraid of {value}.",
            Relations.Hobby => $"{name}'s hobby is {value}.",
            Relations.Birthday => $"{name}'s birthday is {(Digit().IsMatch(value) ? "on" : "in")} {value}.",
            Relations.WantsToVisit => $"{name} wants to visit {value}.",
            _ when relation.StartsWith(Relations.Favourite, StringComparison.Ordinal) => $"{name}'s favourite {noun} is {value}.",
            _ when relation.StartsWith(Relations.Pet, StringComparison.Ordinal) => $"{name} has a {noun} called {value}.",
            _ when relation.StartsWith(Relations.Named, StringComparison.Ordinal) => $"{name}'s {noun} is called {value}.",
            _ when noun is not null => $"{name}'s {noun} is {value}.",
            // A relation that a model has named: "plays_in the town band".
            _ => $"{name} {relation.Replace('_', ' ')} {value}.",
        };
    }

    /// <summary>A fact as a sentence; <paramref name="person"/> is what the person is called.</summary>
    public static string Of(ToldFact fact, string person) => Of(fact.Relation, fact.Object, fact.About.Length > 0 ? fact.About : person);

    /// <summary>In the words the built-in model was trained on; null for what it has no words for. The name is in its own line of the prompt.</summary>
    public static string? ForTalker(string relation, string value, string name)
    {
        var noun = Relations.NounOf(relation);
        return relation switch
        {
            Relations.Name => null,
            Relations.WorksAs => $"{name} works as a {Article().Replace(value, "")}.",
            Relations.LikesToEat => Of(Relations.Favourite + "food", value, name),
            Relations.Dislikes => Of(Relations.Hates, value, name),
            Relations.Birthday => Month().Match(value) is { Success: true } month ? Of(relation, month.Value, name) : null,
            Relations.Named + "sister" or Relations.Named + "brother" => Of(relation, value, name),
            _ when relation.StartsWith(Relations.Named, StringComparison.Ordinal) => Of(Relations.WithNoun(Relations.Is, noun!), value, name),
            _ => Of(relation, value, name),
        };
    }

    // "Mara's name is Mara" would say nothing.
    private static string Possessive(string name, string value) => name == value ? "The user's" : $"{name}'s";

    [GeneratedRegex("^(?:an?|the) ", RegexOptions.IgnoreCase)]
    private static partial Regex Article();

    [GeneratedRegex("[0-9]")]
    private static partial Regex Digit();

    [GeneratedRegex("(?:January|February|March|April|May|June|July|August|September|October|November|December)", RegexOptions.IgnoreCase)]
    private static partial Regex Month();
}
