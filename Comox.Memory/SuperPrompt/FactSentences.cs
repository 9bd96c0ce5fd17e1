using System.Text.RegularExpressions;
using Comox.Memory.Ingestion;

namespace Comox.Memory.SuperPrompt;

/// <summary>Facts as sentences: the one place that words them, because the built-in model was trained on exactly these forms.</summary>
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

    // "Mara's name is Mara" would say nothing.
    private static string Possessive(string name, string value) => name == value ? "The user's" : $"{name}'s";

    [GeneratedRegex("[0-9]")]
    private static partial Regex Digit();
}
