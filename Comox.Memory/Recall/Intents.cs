using System.Collections.Frozen;

namespace Comox.Memory.Recall;

/// <summary>Reads what a message wants, by rules; a microsecond, and the same answer every time.</summary>
internal static class Intents
{
    private static readonly FrozenSet<string> Small = FrozenSet.Create(
        "hi", "hello", "hey", "hiya", "yo", "greetings", "howdy", "morning", "evening", "afternoon", "night", "bye", "goodbye", "farewell", "ciao", "cya", "later", "thanks", "thank", "thx", "ty", "cheers",
        "ok", "okay", "k", "yes", "yeah", "yep", "yup", "no", "nope", "sure", "right", "fine", "cool", "nice", "great", "good", "wow", "lol", "haha", "hehe", "oh", "ah", "hm", "hmm", "well", "so", "and",
        "there", "everyone", "all", "again", "welcome", "please", "sorry", "you", "too", "very", "much", "a", "lot", "the", "how", "are", "doing", "is", "it", "going", "what", "up", "see", "soon",
        "to", "meet", "day", "today", "alright", "then", "friend", "my", "dear", "sleep", "take", "care", "back", "im", "am", "i");

    // What may not be missing: "how much" is made of the words above and is none.
    private static readonly FrozenSet<string> Greetings = FrozenSet.Create(
        "hi", "hello", "hey", "hiya", "yo", "greetings", "howdy", "morning", "evening", "afternoon", "night", "bye", "goodbye", "farewell", "ciao", "cya", "thanks", "thank", "thx", "ty", "cheers", "ok", "okay",
        "k", "yes", "yeah", "yep", "yup", "no", "nope", "sure", "fine", "cool", "nice", "great", "wow", "lol", "haha", "hehe", "oh", "ah", "hm", "hmm", "alright", "welcome", "care", "doing", "up", "later", "soon");

    private static readonly FrozenSet<string> Lists = FrozenSet.Create("all", "both", "list", "every", "each", "many", "various", "common", "different", "everything", "share", "kinds", "types", "ways", "things", "together");
    private static readonly FrozenSet<string> Times = FrozenSet.Create("when", "date", "since", "until", "ago", "recently", "lately");
    private static readonly FrozenSet<string> Singular = FrozenSet.Create("was", "this", "is", "has", "does", "business", "class", "news", "series", "status", "address", "boss", "process", "always", "its", "his", "plans", "access");

    private const int LongestSmallTalk = 8;

    /// <summary>The intent of a message.</summary>
    public static Intent Of(RecallQuery query)
    {
        var words = Terms.Words(query.Text).ToList();
        return Of(words, TimeWindows.Find(words, query.At, query.Zone), query);
    }

    /// <summary>The intent of a message by its words, which are lower case.</summary>
    public static Intent Of(IReadOnlyList<string> words, TimeWindow? window, RecallQuery query)
    {
        if (words.Count <= LongestSmallTalk && IsSmallTalk(words, query))
            return Intent.SmallTalk;
        if (window is not null || words.Any(Times.Contains))
            return Intent.Temporal;
        if (WantsList(words))
            return Intent.List;
        var (first, second) = Pronouns.Of(words);
        return first && !second ? Intent.AboutPerson : second && !first ? Intent.AboutCharacter : Intent.Other;
    }

    // Every word is a word of courtesy or the name of who is spoken to.
    private static bool IsSmallTalk(IReadOnlyList<string> words, RecallQuery query)
    {
        var greets = words.Count == 0;
        foreach (var word in words)
        {
            greets |= Greetings.Contains(word);
            if (!Small.Contains(word) && !Names(query.Addressee, word) && !Names(query.Asker, word))
                return false;
        }

        return greets;
    }

    private static bool Names(string? speaker, string word) => speaker is not null && Terms.Words(speaker).Contains(word);

    /// <summary>"What books …", "which cities …", "how many …", "both": a plural after what or which, or a word that says so.</summary>
    private static bool WantsList(IReadOnlyList<string> words)
    {
        for (var at = 0; at < words.Count; at++)
        {
            if (Lists.Contains(words[at]))
                return true;
            if (words[at] is not ("what" or "which"))
                continue;
            for (var next = at + 1; next <= Math.Min(at + 3, words.Count - 1); next++)
            {
                var word = words[next];
                if (word is "is" or "was" or "does" or "did" or "has" or "do" or "are" or "were" or "have" or "i" or "you")
                    break;
                if (word.Length > 3 && word.EndsWith('s') && !word.EndsWith("ss", StringComparison.Ordinal) && !Singular.Contains(word))
                    return true;
            }
        }

        return false;
    }
}
