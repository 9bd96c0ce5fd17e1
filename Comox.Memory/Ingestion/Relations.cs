namespace Comox.Memory.Ingestion;

/// <summary>The relations between a person and the things they tell.</summary>
internal static class Relations
{
    public const string Name = "name";
    public const string LivesIn = "lives_in";
    public const string WorksAs = "works_as";
    public const string LikesToDrink = "likes_to_drink";
    public const string LikesToEat = "likes_to_eat";
    public const string Likes = "likes";
    public const string Dislikes = "dislikes";
    public const string Hates = "hates";
    public const string AfraidOf = "afraid_of";
    public const string Hobby = "hobby";
    public const string Birthday = "birthday";
    public const string WantsToVisit = "wants_to_visit";

    /// <summary><c>favourite.food</c>: "my favourite food is …".</summary>
    public const string Favourite = "favourite.";

    /// <summary><c>pet.cat</c>: "I have a cat called …".</summary>
    public const string Pet = "pet.";

    /// <summary><c>named.sister</c>: "my sister is called …".</summary>
    public const string Named = "named.";

    /// <summary><c>is.landlord</c>: "my landlord is …".</summary>
    public const string Is = "is.";

    private static readonly HashSet<string> OneValue = [Name, LivesIn, WorksAs, Birthday, Hobby];

    // Whoever tells of another brother has two.
    private static readonly HashSet<string> Several =
    [
        "brother", "sister", "sibling", "son", "daughter", "child", "kid", "friend", "cousin", "aunt", "uncle", "nephew", "niece", "grandson", "granddaughter", "grandchild", "colleague",
        "coworker", "co-worker", "neighbour", "neighbor", "roommate", "flatmate", "housemate", "classmate", "teammate", "student", "teacher",
    ];

    /// <summary>
    /// Whether a person has one value of it at a time, so that a later statement replaces the earlier. Of a relation that is not known (a model's "speaks") there may be many: nothing is to be
    /// lost because a second was told.
    /// </summary>
    public static bool IsFunctional(string relation) =>
        OneValue.Contains(relation) || relation.StartsWith(Favourite, StringComparison.Ordinal) || relation.StartsWith(Is, StringComparison.Ordinal)
        || (relation.StartsWith(Named, StringComparison.Ordinal) && !Several.Contains(NounOf(relation)!));

    /// <summary>The noun of <c>favourite.</c>, <c>pet.</c>, <c>named.</c> and <c>is.</c>; null for the others.</summary>
    public static string? NounOf(string relation) =>
        relation.IndexOf('.', StringComparison.Ordinal) is > 0 and var dot ? relation[(dot + 1)..].Replace('_', ' ') : null;

    public static string WithNoun(string prefix, string noun) => prefix + noun.Trim().ToLowerInvariant().Replace(' ', '_');
}
