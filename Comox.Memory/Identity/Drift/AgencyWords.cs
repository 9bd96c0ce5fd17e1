using System.Collections.Frozen;

namespace Comox.Memory.Identity.Drift;

/// <summary>The verbs by which a narrator takes a person's part.</summary>
internal static class AgencyWords
{
    /// <summary>In narration these decide what the person does, says or feels. States that can be seen (look, seem, have, are) are not among them.</summary>
    private static readonly FrozenSet<string> Acts = new[]
    {
        "accept", "admit", "agree", "answer", "apologise", "apologize", "approach", "ask", "beg", "begin", "bite", "blink", "blush", "bow", "breathe", "burn", "burst", "call", "catch", "chuckle", "clench",
        "climb", "close", "collapse", "confess", "consider", "cough", "crawl", "cry", "dance", "decide", "drink", "drop", "eat", "embrace", "enter", "fall", "feel", "finish", "flinch", "follow", "frown",
        "gasp", "gaze", "giggle", "give", "glance", "grab", "grin", "groan", "grip", "hand", "hesitate", "hold", "hug", "hurry", "join", "jump", "kiss", "kneel", "laugh", "lean", "leave", "lie", "lift", "light",
        "listen", "lower", "moan", "move", "murmur", "mutter", "nod", "offer", "open", "pause", "pick", "place", "point", "pour", "promise", "pull", "push", "put", "reach", "realise", "realize", "remember",
        "reply", "respond", "rise", "run", "scream", "shake", "shiver", "shout", "shrug", "sigh", "sing", "sink", "sip", "sit", "sleep", "slip", "smile", "sob", "speak", "spread", "squeeze", "stagger", "stammer",
        "stand", "stare", "start", "step", "stop", "straighten", "stumble", "surrender", "swallow", "take", "taste", "tell", "thank", "think", "throw", "touch", "tremble", "trust", "turn", "undress", "wait", "wake",
        "walk", "watch", "weep", "whisper", "wince", "wipe", "wonder", "wrap", "yawn", "yell", "yield", "say", "swear", "find", "let", "try", "spend", "pay", "snuggle", "relax", "freeze",
    }.ToFrozenSet(StringComparer.OrdinalIgnoreCase);

    /// <summary>Nobody says these of a listener in plain speech, unless as a narrator: "You take this road" is advice, "You nod" is not.</summary>
    private static readonly FrozenSet<string> Told = new[]
    {
        "nod", "smile", "sigh", "blush", "gasp", "shiver", "whisper", "murmur", "stammer", "hesitate", "flinch", "giggle", "chuckle", "grin", "frown", "shrug", "swallow", "tremble", "wince", "reply", "mutter",
        "sob", "moan", "nestle", "snuggle", "gulp",
    }.ToFrozenSet(StringComparer.OrdinalIgnoreCase);

    private static readonly FrozenDictionary<string, string> Irregular = new Dictionary<string, string>
    {
        ["took"] = "take", ["said"] = "say", ["says"] = "say", ["felt"] = "feel", ["sat"] = "sit", ["stood"] = "stand", ["gave"] = "give", ["told"] = "tell", ["fell"] = "fall", ["held"] = "hold", ["ran"] = "run",
        ["began"] = "begin", ["found"] = "find", ["thought"] = "think", ["threw"] = "throw", ["spoke"] = "speak", ["rose"] = "rise", ["sank"] = "sink", ["drank"] = "drink", ["ate"] = "eat", ["lit"] = "light",
        ["left"] = "leave", ["woke"] = "wake", ["knelt"] = "kneel", ["wept"] = "weep", ["shook"] = "shake", ["caught"] = "catch", ["sang"] = "sing", ["slept"] = "sleep", ["cries"] = "cry", ["cried"] = "cry",
        ["tries"] = "try", ["tried"] = "try", ["replied"] = "reply", ["replies"] = "reply", ["hurries"] = "hurry", ["paid"] = "pay", ["lay"] = "lie", ["lies"] = "lie", ["froze"] = "freeze", ["bit"] = "bite",
    }.ToFrozenDictionary(StringComparer.OrdinalIgnoreCase);

    /// <summary>A new clause may begin with these. With "as", "when" or "if" it tells what the person did anyway, or supposes it.</summary>
    private static readonly FrozenSet<string> Openers = new[] { "and", "then", "but", "so", "suddenly", "finally", "now", "again" }.ToFrozenSet(StringComparer.OrdinalIgnoreCase);

    public static bool IsTold(string verb) => Told.Contains(verb);

    public static bool OpensClause(string word) => Openers.Contains(word) || word.EndsWith("ly", StringComparison.OrdinalIgnoreCase);

    public static bool IsAdverb(string word) => word is "just" or "both" or "then" or "can't" or "help" or "but" or "also" or "only" || word.EndsWith("ly", StringComparison.OrdinalIgnoreCase);

    /// <summary>The verb as a dictionary has it, tried with its endings: walks, walked, stopped, smiling are not guessed at beyond these.</summary>
    public static string? Base(string word)
    {
        word = word.ToLowerInvariant();
        if (Acts.Contains(word) || Told.Contains(word))
            return word;
        if (Irregular.TryGetValue(word, out var irregular))
            return irregular;
        foreach (var ending in (ReadOnlySpan<string>)["s", "d", "es", "ed"])
        {
            if (!word.EndsWith(ending, StringComparison.Ordinal))
                continue;
            var stem = word[..^ending.Length];
            if (Acts.Contains(stem) || Told.Contains(stem))
                return stem;
            if (ending == "ed" && stem.Length > 3 && stem[^1] == stem[^2] && (Acts.Contains(stem[..^1]) || Told.Contains(stem[..^1])))
                return stem[..^1];
        }

        return null;
    }
}
