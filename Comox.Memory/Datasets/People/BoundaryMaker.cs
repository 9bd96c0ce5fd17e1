using Comox.Memory.Datasets.Words;

namespace Comox.Memory.Datasets.People;

/// <summary>
/// Makes what a character does not talk about. Half of it is listed, half is of made names: "Never speaks of the fire in Ormelund." Whoever is asked
/// for Ormelund has to find it in the card; whoever's card has no Ormelund only does not know it.
/// </summary>
internal sealed class BoundaryMaker
{
    private readonly WordLists _lists;
    private readonly Wordsmith _words;
    private readonly KeyedLines _lines;
    private readonly IReadOnlyList<ForbiddenMatter> _listed;

    public BoundaryMaker(WordLists lists, Wordsmith words)
    {
        (_lists, _words, _lines) = (lists, words, lists.Keyed("talk/boundaries"));
        _listed = [.. _lines.Needed("boundary").Select(ForbiddenMatter.Of)];
    }

    public ForbiddenMatter Make(Dice dice) => dice.Chance(.5) ? dice.Of(_listed) : Made(dice);

    /// <summary>Of a made name.</summary>
    public ForbiddenMatter Made(Dice dice)
    {
        var kind = dice.Of(["who", "where", "what"]);
        var name = kind switch
        {
            "who" => dice.Chance(.5) ? dice.Of(_lists.Values("names")) : _words.Name("names", dice),
            "where" => _words.Name("cities", dice),
            _ => dice.Of(_lists.Values("nouns")),
        };
        var matter = dice.Of(_lines.Needed(kind)).Replace("{x}", name, StringComparison.Ordinal).Replace("{n}", dice.Of(_lists.Values("nouns")), StringComparison.Ordinal);
        // It is asked for by its name, or in all its words.
        var questions = _lines.Needed("ask_" + kind).Select((question, index) => question.Replace("{x}", index % 3 == 0 ? matter : kind == "what" ? $"the {name}" : name, StringComparison.Ordinal)).ToList();
        return new ForbiddenMatter(dice.Of(_lines.Needed("card")).Replace("{x}", matter, StringComparison.Ordinal), [name], questions);
    }
}
