namespace Comox.Memory.Datasets.Words;

/// <summary>Draws a value of a list, or makes one like it.</summary>
internal sealed class Wordsmith(WordLists lists)
{
    // Whose values are one made word, written with a capital.
    private static readonly HashSet<string> Names = new(StringComparer.Ordinal) { "names", "surnames", "pet_names", "cities", "countries", "places", "character_names", "languages" };

    // Whose values are of a closed kind: another word would not be one.
    private static readonly HashSet<string> Closed = new(StringComparer.Ordinal) { "dates", "numbers", "animals", "family", "favourite_nouns", "is_nouns" };

    private readonly Dictionary<(string List, int Order), WordMaker> _makers = [];

    /// <summary>A value as it stands in the middle of a sentence.</summary>
    public string Value(string list, Dice dice)
    {
        var listed = dice.Of(lists.Values(list));
        if (Closed.Contains(list) || dice.Chance(.45))
            return listed;
        if (Names.Contains(list))
            return Name(list, dice);
        if (dice.Chance(.25))
            return WithArticle(listed, bare => $"{dice.Of(lists.Values("adjectives"))} {bare}");
        return WithArticle(listed, bare => OneWordMade(bare, list, dice));
    }

    /// <summary>A made name of one word, rarely two.</summary>
    public string Name(string list, Dice dice)
    {
        var name = Capital(Word(list, dice));
        return list is "cities" or "places" && dice.Chance(.2) ? $"{name} {Capital(Word(list, dice))}" : name;
    }

    /// <summary>One made lower-case word.</summary>
    public string Word(string list, Dice dice)
    {
        if (dice.Chance(.12))
            return WordMaker.Babble(dice);
        var order = dice.Chance(.4) ? 2 : 3;
        if (!_makers.TryGetValue((list, order), out var maker))
            _makers[(list, order)] = maker = new WordMaker(lists.Values(list), order);
        return maker.Make(dice);
    }

    public static string Capital(string text) => text.Length == 0 ? text : char.ToUpperInvariant(text[0]) + text[1..];

    private string OneWordMade(string value, string list, Dice dice)
    {
        var words = value.Split(' ');
        words[dice.Below(words.Length)] = Word(dice.Chance(.5) ? list : "nouns", dice);
        return string.Join(' ', words);
    }

    // "an architect" → "a brave architect".
    private static string WithArticle(string value, Func<string, string> change)
    {
        if (!value.StartsWith("a ", StringComparison.Ordinal) && !value.StartsWith("an ", StringComparison.Ordinal))
            return change(value);
        var bare = change(value[(value.IndexOf(' ', StringComparison.Ordinal) + 1)..]);
        return ("aeiou".Contains(bare[0], StringComparison.Ordinal) ? "an " : "a ") + bare;
    }
}
