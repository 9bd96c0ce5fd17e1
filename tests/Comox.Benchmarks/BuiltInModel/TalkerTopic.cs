using Comox.Memory.Ingestion;

namespace Comox.Benchmarks.BuiltInModel;

/// <summary>Something that a person tells of themself and asks for later.</summary>
/// <param name="Key">Its name in the lists.</param>
/// <param name="Values">The list of its values; null: the noun says.</param>
/// <param name="Nouns">The list of its nouns; null: it has none.</param>
/// <param name="Relation">What a fact of it is stored as, up to the noun; null: it is only remembered in the person's words.</param>
/// <param name="IsFunctional">Whether a later value replaces the earlier; with some nouns at least.</param>
internal sealed record TalkerTopic(string Key, string? Values, string? Nouns, string? Relation, bool IsFunctional)
{
    private static readonly string[] FreeTime = ["hobby", "instrument", "collection", "language"];

    public static readonly IReadOnlyList<TalkerTopic> All =
    [
        new("lives_in", "city", null, Relations.LivesIn, true),
        new("works_as", "job", null, Relations.WorksAs, true),
        new("likes_to_drink", "drink", null, Relations.LikesToDrink, false),
        new("likes_to_eat", "food", null, Relations.LikesToEat, false),
        new("hates", "hate", null, Relations.Hates, false),
        new("afraid_of", "fear", null, Relations.AfraidOf, false),
        new("hobby", "hobby", null, Relations.Hobby, true),
        new("birthday", "date", null, Relations.Birthday, true),
        new("wants_to_visit", "place", null, Relations.WantsToVisit, false),
        new("favourite", null, "favourite", Relations.Favourite, true),
        new("pet", null, "pet", Relations.Pet, false),
        new("named", null, "named", Relations.Named, true),
        new("is_person", "person", "is", Relations.Is, true),
        new("is_thing", "thing", "is", Relations.Is, false),
        new("learning", "language", null, null, false),
        new("instrument", "instrument", null, null, false),
        new("allergy", "allergy", null, null, false),
        new("car", "car", null, null, true),
        new("partner", "person", null, null, true),
        new("collects", "collection", null, null, false),
    ];

    public TalkerFact Draw(HeldOutLists lists, Random random)
    {
        var noun = Nouns is null ? null : Pick(lists.Nouns[Nouns].Where(noun => Values is null || noun.Values == Values), random);
        return Draw(lists, random, noun);
    }

    /// <summary>Another value of the same.</summary>
    public TalkerFact Draw(HeldOutLists lists, Random random, HeldOutNoun? noun) => new(this, noun?.Word, noun?.Values ?? Values!, Pick(lists.Values[noun?.Values ?? Values!], random));

    public static T Pick<T>(IEnumerable<T> from, Random random) => from is IReadOnlyList<T> list ? list[random.Next(list.Count)] : Pick(from.ToList(), random);

    /// <summary>Whether with both in memory a question for one could be answered with the other, and rightly: a favourite drink, and what one likes to drink.</summary>
    public static bool AreMixedUp(TalkerFact one, TalkerFact other) =>
        one.Topic == other.Topic ? one.Noun == other.Noun || one.Values is not ("person" or "petname" or "thing") && one.Values == other.Values
        : one.Values == other.Values && one.Values is not ("person" or "petname" or "thing") || FreeTime.Contains(one.Values) && FreeTime.Contains(other.Values);
}

/// <summary>One thing told.</summary>
/// <param name="Topic">What kind of thing.</param>
/// <param name="Noun">"sister"; null where the topic has none.</param>
/// <param name="Values">The list that the value is of.</param>
/// <param name="Value">"a glazier".</param>
internal sealed record TalkerFact(TalkerTopic Topic, string? Noun, string Values, string Value)
{
    /// <summary>As a fact is stored; null where the topic has no relation.</summary>
    public string? Relation => Noun is null || Topic.Relation is null ? Topic.Relation : Relations.WithNoun(Topic.Relation, Noun);

    /// <summary>Puts noun and value into a line of the lists.</summary>
    public string Into(string template) => template.Replace("{n}", Noun, StringComparison.Ordinal).Replace("{v}", Value, StringComparison.Ordinal);
}
