namespace Comox.Memory.Recall;

/// <summary>Turns text into index terms: lower case, without accents, stop words, irregular forms and endings.</summary>
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

    private static readonly HashSet<string>.AlternateLookup<ReadOnlySpan<char>> Stops = StopWords.GetAlternateLookup<ReadOnlySpan<char>>();

    /// <summary>The terms of a text in order, repeats included.</summary>
    public static IReadOnlyList<string> Of(string text)
    {
        var terms = new List<string>();
        var reader = new WordReader(PlainLetters.Of(text), stackalloc char[2 * WordReader.MaxLength]);
        while (reader.Read())
        {
            var length = InPlace(reader.Room, reader.Word.Length, reader.StartsSentence);
            if (length > 0)
                terms.Add(new string(reader.Room[..length]));
        }

        return terms;
    }

    /// <summary>The words of a text: letters and digits, lower case, accents folded, apostrophes dropped.</summary>
    public static IReadOnlyList<string> Words(string text)
    {
        var words = new List<string>();
        var reader = new WordReader(PlainLetters.Of(text), stackalloc char[2 * WordReader.MaxLength]);
        while (reader.Read())
            words.Add(new string(reader.Word).ToLowerInvariant());
        return words;
    }

    /// <summary>Makes a word its term, in place. The room holds the word at its start, and may be written whole.</summary>
    /// <returns>The term's length; 0 for a stop word.</returns>
    public static int InPlace(Span<char> room, int length, bool startsSentence)
    {
        // Within a sentence, May is a month and Will a person.
        var word = room[..length];
        var named = !startsSentence && word is ("May" or "Will");
        Lower(word);
        if (Stops.Contains(word) && !named)
            return 0;
        if (WordForms.Of(word) is { } form)
        {
            form.CopyTo(room);
            word = room[..form.Length];
        }

        return PorterStemmer.Stem(word);
    }

    public static void Lower(Span<char> word)
    {
        foreach (ref var letter in word)
            letter = char.ToLowerInvariant(letter);
    }

    /// <summary>What stands for a term in an index: no two terms of one person's memory have the same, save by a chance of one in 10^9.</summary>
    public static ulong Key(ReadOnlySpan<char> term)
    {
        // FNV-1a, mixed so that the low bits of short words differ too.
        var key = 14695981039346656037UL;
        foreach (var letter in term)
            key = (key ^ letter) * 1099511628211UL;
        key ^= key >> 32;
        key *= 0x9E3779B97F4A7C15UL;
        return key ^ (key >> 29);
    }
}
