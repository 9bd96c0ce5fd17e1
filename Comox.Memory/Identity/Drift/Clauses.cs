namespace Comox.Memory.Identity.Drift;

/// <param name="Text">The clause as it stands.</param>
/// <param name="Words">Its words.</param>
/// <param name="Asks">Whether its sentence is a question.</param>
internal readonly record struct Clause(string Text, IReadOnlyList<string> Words, bool Asks);

/// <summary>Cuts narration where a new subject may begin: at marks, and before "and you", "then you".</summary>
internal static class Clauses
{
    public static IEnumerable<Clause> Of(string text)
    {
        var start = 0;
        while (start < text.Length)
        {
            var end = start;
            while (end < text.Length && text[end] is not ('.' or '!' or '?' or '\n' or '…'))
                end++;
            var asks = end < text.Length && text[end] == '?';
            foreach (var (from, to) in Pieces(text, start, end))
            {
                var words = WordsOf(text[from..to]);
                if (words.Count > 0)
                    yield return new Clause(text[from..to].Trim(), words, asks);
            }

            start = end + 1;
        }
    }

    public static List<string> WordsOf(string text)
    {
        var words = new List<string>();
        for (var at = 0; at < text.Length; at++)
        {
            if (!char.IsLetterOrDigit(text[at]))
                continue;
            var end = ReplyShape.WordEnd(text, at);
            words.Add(text[at..end]);
            at = end - 1;
        }

        return words;
    }

    private static IEnumerable<(int From, int To)> Pieces(string text, int start, int end)
    {
        var from = start;
        for (var at = start; at < end; at++)
        {
            if (text[at] is ',' or ';' or ':' or '—' or '–' or '(' or ')')
            {
                yield return (from, at);
                from = at + 1;
            }
            else if (text[at] == ' ' && (Begins(text, at + 1, end, "and ") || Begins(text, at + 1, end, "then ")))
            {
                yield return (from, at);
                from = at + 1;
            }
        }

        yield return (from, end);
    }

    private static bool Begins(string text, int at, int end, string word) => at + word.Length <= end && string.CompareOrdinal(text, at, word, 0, word.Length) == 0;
}
