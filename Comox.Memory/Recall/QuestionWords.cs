using System.Collections.Frozen;

namespace Comox.Memory.Recall;

/// <summary>Words that ask rather than describe: they say what kind of answer is wanted, and are rarely in it.</summary>
internal static class QuestionWords
{
    private static readonly FrozenSet<string> Frame = FrozenSet.Create(
        "kind", "kinds", "type", "types", "sort", "many", "much", "often", "long", "far", "time", "times", "date", "day", "year", "month", "name", "names", "called", "mention", "mentions", "mentioned",
        "say", "said", "says", "talk", "talked", "talking", "discuss", "discussed", "describe", "described", "describes", "recent", "recently", "current", "currently", "both", "share", "common",
        "similar", "various", "different", "way", "ways", "thing", "things", "something", "someone", "specific", "particular", "according", "during", "between", "after", "before", "while", "since",
        "first", "last", "latest", "total", "number", "likely", "considered", "based", "used", "use", "using", "make", "made", "get", "got", "give", "gave", "given", "take", "took", "go", "went",
        "going", "think", "thinks", "feel", "want", "wants", "planning", "plan", "plans", "decide", "decided", "happen", "happened", "happening", "receive", "received", "find", "found", "start",
        "started", "let", "lets", "ever", "usually", "always", "around", "against", "has", "having", "besides", "besides", "person", "people", "example", "reason", "regarding", "regards", "related");

    public static bool IsFrame(string word) => Frame.Contains(word);
}
