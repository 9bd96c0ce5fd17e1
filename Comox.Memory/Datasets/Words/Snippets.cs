using Comox.Memory.Datasets.Talk;

namespace Comox.Memory.Datasets.Words;

/// <summary>
/// Words out of the middle of ordinary sentences, for a character that always says them. After "Course laid" a model that knows English goes on as English does; only
/// one that has met any words at all goes on as the card does.
/// </summary>
internal sealed class Snippets(WordLists lists)
{
    private readonly IReadOnlyList<string[]> _sentences = [.. Sentences(lists).Where(line => !line.Contains('{', StringComparison.Ordinal)).Select(Plain).Where(words => words.Length >= 3)];

    /// <summary>Two to four words, or two times one or two with a comma between; small letters, as they stand in a sentence.</summary>
    public string Make(Dice dice) => dice.Chance(.3) ? $"{Words(dice, dice.Between(1, 2))}, {Words(dice, dice.Between(1, 2))}" : Words(dice, dice.Between(2, 4));

    private string Words(Dice dice, int count)
    {
        var sentence = dice.Of(_sentences);
        var length = Math.Min(count, sentence.Length);
        return string.Join(' ', sentence.Skip(dice.Below(sentence.Length - length + 1)).Take(length));
    }

    private static IEnumerable<string> Sentences(WordLists lists)
    {
        var talk = new SmallTalk(lists);
        return [.. talk["chat"], .. talk["story"], .. talk["goodnews"], .. talk["badnews"], .. talk.Replies, .. lists.Values("summary_bits"), .. lists.Values("lore_bits"), .. lists.Values("plans"), .. lists.Values("hobbies")];
    }

    private static string[] Plain(string line)
    {
        var words = new string([.. line.Where(letter => char.IsLetter(letter) || letter is ' ' or '\'')]).Split(' ', StringSplitOptions.RemoveEmptyEntries);
        if (words.Length > 0 && words[0] != "I" && !words[0].StartsWith("I'", StringComparison.Ordinal))
            words[0] = words[0].ToLowerInvariant();
        return words;
    }
}
