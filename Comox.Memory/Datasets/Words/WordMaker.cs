using System.Text;

namespace Comox.Memory.Datasets.Words;

/// <summary>
/// Makes words that no list has, letter by letter, after the letters of a list. What a small model learns to copy depends on how many different strings it
/// has copied: with listed values alone it learns the list.
/// </summary>
internal sealed class WordMaker
{
    private const char End = '\n';
    private const string Consonants = "bcdfghjklmnpqrstvwxzbdfglmnprst";
    private const string Vowels = "aeiouaeiouy";

    private readonly Dictionary<string, string> _next = new(StringComparer.Ordinal);
    private readonly int _order;

    /// <param name="words">Whose letters are followed.</param>
    /// <param name="order">How many letters decide the next: 2 is wild, 3 is tame.</param>
    public WordMaker(IEnumerable<string> words, int order)
    {
        _order = order;
        var next = new Dictionary<string, StringBuilder>(StringComparer.Ordinal);
        foreach (var word in words.SelectMany(value => value.Split(' ')).Select(word => word.ToLowerInvariant()).Where(word => word.Length > 2 && word.All(char.IsLetter)))
        {
            var padded = new string(' ', order) + word + End;
            for (var at = order; at < padded.Length; at++)
            {
                var state = padded[(at - order)..at];
                if (!next.TryGetValue(state, out var letters))
                    next[state] = letters = new StringBuilder();
                letters.Append(padded[at]);
            }
        }

        foreach (var (state, letters) in next)
            _next[state] = letters.ToString();
    }

    /// <summary>A word of 3 to 12 lower-case letters.</summary>
    public string Make(Dice dice)
    {
        for (var attempt = 0; attempt < 20; attempt++)
        {
            var word = new StringBuilder(new string(' ', _order));
            while (word.Length < _order + 13)
            {
                var letters = _next[word.ToString(word.Length - _order, _order)];
                var letter = letters[dice.Below(letters.Length)];
                if (letter == End)
                    break;
                word.Append(letter);
            }

            if (word.Length - _order is >= 3 and <= 12)
                return word.ToString(_order, word.Length - _order);
        }

        return Babble(dice);
    }

    /// <summary>A word after no list at all: letter groups that no language has.</summary>
    public static string Babble(Dice dice)
    {
        var word = new StringBuilder();
        var vowel = dice.Chance(.3);
        for (var length = dice.Between(3, 9); word.Length < length; vowel = !vowel)
        {
            var letters = vowel ? Vowels : Consonants;
            word.Append(letters[dice.Below(letters.Length)]);
            if (dice.Chance(.2))
                word.Append(letters[dice.Below(letters.Length)]);
        }

        return word.ToString();
    }
}
