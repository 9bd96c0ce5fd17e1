using System.Text;

namespace Comox.Memory.Recall;

/// <summary>Turns text into index terms: lower case, without accents, stop words and endings.</summary>
internal static class Terms
{
    private static readonly HashSet<string> StopWords = new(StringComparer.Ordinal)
    {
        "a", "an", "the", "and", "or", "but", "if", "then", "than", "so", "of", "to", "in", "on", "at", "by", "for", "with", "from", "into", "about", "as", "up", "out", "over", "off",
        "i", "me", "my", "mine", "myself", "you", "your", "yours", "he", "him", "his", "she", "her", "hers", "it", "its", "we", "us", "our", "ours", "they", "them", "their",
        "is", "am", "are", "was", "were", "be", "been", "being", "do", "does", "did", "done", "have", "has", "had", "will", "would", "shall", "should", "can", "could", "may", "might", "must",
        "this", "that", "these", "those", "there", "here", "what", "which", "who", "whom", "whose", "when", "where", "why", "how", "not", "no", "nor", "only", "just", "too", "very", "also",
        "im", "ive", "id", "ill", "youre", "dont", "doesnt", "didnt", "isnt", "arent", "wasnt", "cant", "wont", "s", "t", "ll", "ve", "re", "d", "m", "oh", "ok", "okay", "yes", "yeah", "well",
        "please", "tell", "know", "remember", "again", "still", "some", "any", "all", "one", "more", "most", "such", "own", "same", "other", "now",
    };

    /// <summary>The terms of a text in order, repeats included.</summary>
    public static IEnumerable<string> Of(string text)
    {
        foreach (var (written, starts) in Written(text))
        {
            // Within a sentence, May is a month and Will a person.
            var word = written.ToLowerInvariant();
            if (!StopWords.Contains(word) || (written is "May" or "Will" && !starts))
                yield return PorterStemmer.Stem(word);
        }
    }

    /// <summary>The words of a text: letters and digits, lower case, accents folded, apostrophes dropped.</summary>
    public static IEnumerable<string> Words(string text) => Written(text).Select(word => word.Word.ToLowerInvariant());

    private static IEnumerable<(string Word, bool StartsSentence)> Written(string text)
    {
        var word = new StringBuilder();
        var (starts, paired) = (true, false);
        foreach (var letter in PlainLetters.Of(text).Append('\n'))
        {
            // Scripts without spaces: every two neighbours are a word, so that a question finds the words inside a sentence.
            if (IsIdeographic(letter) && word.Length > 0 && IsIdeographic(word[^1]))
            {
                yield return ($"{word[^1]}{letter}", false);
                word.Clear().Append(letter);
                paired = true;
            }
            else if (char.IsLetterOrDigit(letter) && (word.Length == 0 || IsIdeographic(letter) == IsIdeographic(word[^1])))
                word.Append(letter);
            else if (letter is not ('\'' or '’'))
            {
                if (word.Length > 0 && !paired)
                    yield return (word.ToString(), starts);
                starts = letter is '.' or '!' or '?' or '\n' || (starts && word.Length == 0);
                paired = false;
                word.Clear();
                if (char.IsLetterOrDigit(letter))
                    word.Append(letter);
            }
        }
    }

    private static bool IsIdeographic(char letter) => letter is (>= '\u3041' and <= '\u30ff') or (>= '\u3400' and <= '\u9fff');
}
