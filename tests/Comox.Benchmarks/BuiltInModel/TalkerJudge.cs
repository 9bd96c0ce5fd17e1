using Comox.Memory.Ingestion;

namespace Comox.Benchmarks.BuiltInModel;

/// <summary>Whether a reply is right. Texts are compared by their words: without case, accents and punctuation.</summary>
internal static class TalkerJudge
{
    // As any voice may say it: "Ye never told me, matey", "I do not know that yet, dear heart".
    private static readonly string[] Admissions =
    [
        "not know", "dont know", "didnt know", "doesnt know", "know not", "knows not", "no idea", "no notion", "no clue", "not the faintest", "wouldnt know", "know naught", "know nothing", "no knowledge",
        "not told", "not yet told", "never told", "havent told", "havent yet told", "hasnt told", "didnt tell", "not been told", "never been told", "nobody told", "no one told", "nobody has told", "no one has told", "yet to tell",
        "not yet", "cannot say", "cant say", "could not say", "couldnt say", "cannot tell", "cant tell", "couldnt tell", "only know what", "know only what", "not said", "never said", "havent said", "not mentioned",
        "never mentioned", "havent mentioned", "not heard", "never heard", "havent heard", "yet to hear", "beyond me", "beyond my", "escapes me", "unknown to me", "a mystery to me", "no memory of", "do not remember",
        "dont remember", "do not recall", "dont recall", "nothing about", "not aware", "yet to learn", "no record", "not written", "not in my", "not among", "have yet to", "not sure", "not learned", "not learnt", "never learned",
        "never learnt", "not acquainted", "no word of", "not shared", "havent shared", "never shared", "youve kept that", "you have kept that", "do not have that", "dont have that", "only what you", "only what ye",
        "no help with", "not something i can", "look that up", "cannot help", "cant help", "too much for me", "leave to those", "only guess", "only remember what", "not much else", "no expert", "not my subject", "no more than what", "not think you have told",
    ];

    private static readonly string[] Refusals =
    [
        "not speak", "dont speak", "never speak", "not talk", "dont talk", "never talk", "not discuss", "not tell", "dont tell", "never tell", "not say", "not reveal", "never reveal", "rather not", "sooner not", "will not", "wont",
        "shall not", "shant", "cannot", "cant", "may not", "must not", "leave that", "let that", "leave it", "let it", "not a matter", "not a subject", "not for", "no word", "not one word", "another subject", "something else",
        "anything else", "other things", "another matter", "keep that", "keep it", "closed", "stays with me", "stays mine", "my own", "do not ask", "dont ask", "ask me not", "not share", "off limits", "secret", "private", "not open", "pass over",
    ];

    private static readonly string[] OutOfCharacter = ["language model", "ai", "assistant", "chatbot", "im start", "im end"];

    /// <summary>Null where it is right; else what is wrong.</summary>
    public static string? Fault(TalkerExpected expected, string reply)
    {
        var words = Words(reply);
        if (expected.Value is { } value && !Has(words, PlainName.Of(value)))
            return $"does not say '{value}'";
        if (expected.Never?.FirstOrDefault(never => Has(words, PlainName.Of(never))) is { } said)
            return $"says '{said}'";
        if (expected.Admits && !Admissions.Any(admission => Has(words, admission)))
            return "does not admit that it does not know";
        if (expected.Declines && !Refusals.Any(refusal => Has(words, refusal)))
            return "does not decline";
        return expected.Marker is { } marker && !Has(words, PlainName.Words(marker)) ? $"is without '{marker}'" : null;
    }

    /// <summary>Null where the reply stays in character; else what does not.</summary>
    public static string? Break(string reply, string? before)
    {
        var words = Words(reply);
        if (words.Trim().Length == 0)
            return "is empty";
        return OutOfCharacter.FirstOrDefault(phrase => Has(words, phrase)) is { } broken ? $"says '{broken}'"
            : before is not null && Words(before) == words ? "repeats the reply before" : null;
    }

    private static string Words(string text) => $" {PlainName.Words(text)} ";

    private static bool Has(string words, string phrase) => words.Contains($" {phrase} ", StringComparison.Ordinal);
}
