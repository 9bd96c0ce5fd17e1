using System.Text.RegularExpressions;
using Comox.Memory.Ingestion;

namespace Comox.Memory.Recall;

/// <summary>What a message asks for, by its words alone.</summary>
internal static partial class Asked
{
    private static readonly HashSet<string> Kin = ["family", "sibling", "siblings", "relatives", "parents"];

    // Words, in the form in which people use them, that point at a relation.
    private static readonly (string Relation, HashSet<string> Words)[] Keys =
    [
        (Relations.Name, ["name", "called"]),
        (Relations.LivesIn, ["live", "living", "lives", "home", "city", "town", "reside", "moved"]),
        ("is.hometown", ["from", "hometown"]),
        (Relations.WorksAs, ["work", "working", "job", "profession", "occupation", "career"]),
        ("is.workplace", ["work", "workplace", "company", "employer"]),
        (Relations.LikesToDrink, ["drink", "drinks", "drinking", "beverage", "thirsty", "brew"]),
        (Relations.LikesToEat, ["eat", "eating", "food", "dish", "meal", "hungry", "cook", "dinner", "lunch", "breakfast", "supper"]),
        (Relations.Favourite + "food", ["eat", "eating", "food", "dish", "meal", "hungry", "cook", "dinner", "lunch", "breakfast", "supper"]),
        (Relations.AfraidOf, ["afraid", "fear", "fears", "scared", "frightens", "scares", "terrified"]),
        (Relations.Hobby, ["hobby", "hobbies", "pastime", "spare"]),
        (Relations.Birthday, ["birthday", "born", "birth"]),
        (Relations.Hates, ["hate", "dislike", "detest", "stand"]),
        (Relations.Dislikes, ["hate", "dislike", "detest", "stand"]),
        (Relations.Likes, ["like", "love", "enjoy", "likes"]),
        (Relations.WantsToVisit, ["visit", "travel", "trip", "holiday", "vacation", "journey"]),
    ];

    /// <summary>Whom the question is about: true for the one who asks, false for the one who is asked, null when it is about both or neither.</summary>
    public static bool? About(string question)
    {
        var (first, second) = Pronouns.Of(Terms.Words(question));
        return first == second ? null : first;
    }

    /// <summary>The words by which people ask for a relation, and its noun: a turn that tells a fact is found by them, whatever words told it.</summary>
    public static string KeysOf(string relation) =>
        string.Join(' ', Keys.Where(key => key.Relation == relation).SelectMany(key => key.Words).Append(Relations.NounOf(relation) ?? ""));

    /// <summary>Whether the words of the question point at this relation.</summary>
    public static bool For(string relation, IReadOnlySet<string> words)
    {
        if (Keys.Any(key => key.Relation == relation && key.Words.Overlaps(words)))
            return true;
        if (Relations.NounOf(relation) is not { } noun)
            return false;
        var isPet = relation.StartsWith(Relations.Pet, StringComparison.Ordinal);
        return Terms.Words(noun).All(words.Contains) || words.Contains(noun + "s")
            || (isPet && (words.Contains("pet") || words.Contains("pets") || words.Contains("animal")))
            || (relation.StartsWith(Relations.Named, StringComparison.Ordinal) && Kin.Overlaps(words));
    }

    /// <summary>A turn that only asks carries no memory worth a line; what was answered does.</summary>
    public static bool IsPlainQuestion(string content) => Question().IsMatch(content);

    [GeneratedRegex(@"^[^.!?\n]*\?\s*$")]
    private static partial Regex Question();
}
