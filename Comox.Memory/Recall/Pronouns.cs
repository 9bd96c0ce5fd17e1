using System.Collections.Frozen;

namespace Comox.Memory.Recall;

/// <summary>Whether a message is about the one who says it, or about the one it is said to, by its pronouns.</summary>
internal static class Pronouns
{
    private static readonly FrozenSet<string> FirstPerson = FrozenSet.Create("i", "me", "my", "mine", "im", "ive", "id", "myself");
    private static readonly FrozenSet<string> SecondPerson = FrozenSet.Create("you", "your", "yours", "youre", "yourself");

    // "Do you remember the compass?" and "tell me of the compass" ask for the compass.
    private static readonly FrozenSet<string> AfterYou = FrozenSet.Create("remember", "recall", "know", "tell", "remind");
    private static readonly FrozenSet<string> BeforeMe = FrozenSet.Create("tell", "remind", "show", "give", "let");

    public static (bool First, bool Second) Of(IReadOnlyList<string> words)
    {
        var (first, second) = (false, false);
        for (var at = 0; at < words.Count; at++)
        {
            if (FirstPerson.Contains(words[at]))
                first |= words[at] != "me" || at == 0 || !BeforeMe.Contains(words[at - 1]);
            else if (SecondPerson.Contains(words[at]))
                second |= words[at] != "you" || at + 1 == words.Count || !AfterYou.Contains(words[at + 1]);
        }

        return (first, second);
    }
}
