using System.Text.RegularExpressions;

namespace Comox.Memory.Ingestion;

/// <param name="Text">The clause from its first meaningful word on, apostrophes straightened.</param>
/// <param name="Start">Where that word is in the <see cref="MessageText"/>.</param>
/// <param name="Greeted">Whether the message opened with a greeting and this is its first sentence.</param>
/// <param name="OmitsI">Whether it goes on from a clause about the person without saying "I" again: "I live in Riga <b>and work as a baker</b>".</param>
internal readonly record struct Clause(string Text, int Start, bool Greeted, bool OmitsI);

/// <summary>
/// Cuts a message into clauses in which a person may be stating something. Left out: questions, suppositions, quotations, actions of a role-play and
/// reported speech. What is left out is blanked in place, so that positions stay those of the message.
/// </summary>
internal static partial class Clauses
{
    public static IEnumerable<Clause> Of(string message)
    {
        var text = Quotations().Replace(message, quotation => new string('\u0001', quotation.Length));
        var greeted = Greeting().IsMatch(text);
        var first = true;
        foreach (Match sentence in Sentences().Matches(text))
        {
            foreach (var clause in InSentence(sentence.Value, sentence.Index, greeted && first))
                yield return clause;
            first = first && Greeting().Match(sentence.Value).Length >= sentence.Value.TrimEnd(' ', '!', '.', ',').Length;
        }
    }

    private static IEnumerable<Clause> InSentence(string sentence, int start, bool greeted)
    {
        if (sentence.TrimEnd().EndsWith('?') || Supposition().IsMatch(sentence))
            yield break;

        var aboutMe = false;
        var lastAnd = AnotherVerb().Matches(sentence) is { Count: > 0 } ands ? ands[^1].Index : -1;
        var at = 0;
        foreach (var part in ClauseStarts().Split(sentence))
        {
            var where = sentence.IndexOf(part, at, StringComparison.Ordinal);
            at = where + part.Length;
            var opening = Openings().Match(part);
            var body = part[opening.Length..];
            if (Reported().IsMatch(body))
                yield break;

            // "…, drink some water" is an order, unless an "and" makes it a part of a list of what the person does.
            var begun = where + opening.Length;
            var omitsI = aboutMe && (Conjunction().IsMatch(opening.Value) || at <= lastAnd) && GoesOn().IsMatch(body);
            aboutMe = omitsI || (AboutMe().IsMatch(body) && !AboutOthers().IsMatch(body));
            if (!Question().IsMatch(body) && body.Length > 0)
                yield return new Clause(body.TrimEnd(' ', '\n', '\r', '.', '!', ',', ';', ':'), start + begun, greeted, omitsI);
        }
    }

    // A dot inside "St. Ives" or "3.5" does not end a sentence; one before a space and a capital, or at the end, does.
    [GeneratedRegex(@"(?:[^.!?\n]|(?<=\b(?:St|Mr|Mrs|Ms|Dr))\.|\.(?=\S))+[.!?]*")]
    private static partial Regex Sentences();

    // "…" and “…” whole; '…' only where it cannot be an apostrophe. A line that starts with > is a quotation too, and *…* is what a person plays.
    [GeneratedRegex("""(?:"[^"\n]*"|“[^“”\n]*”|«[^«»\n]*»|(?<=^|\s)'[^'\n]+'(?=[\s.,!?]|$)|\*(?=[^\s*])[^*\n]+(?:\*|$|(?=\n))|(?<=^|\n)>[^\n]*)""")]
    private static partial Regex Quotations();

    [GeneratedRegex(@"^\s*(?:hi|hello|hey|greetings|good (?:morning|evening|afternoon|day)|nice to meet you)\b[^.!?\n]{0,24}?(?:[,.!]|(?= i'm| i am|$))", RegexOptions.IgnoreCase)]
    private static partial Regex Greeting();

    [GeneratedRegex(
        @"^\W*(?:(?:and|but|so|well|oh|hm+|then)[, ]+)*(?:if|imagine|suppose|supposing|pretend|assume|assuming|what if|let'?s say|say i|wish|i wish|i'd wish|maybe|perhaps|hypothetically|in my dreams?|in (?:the|a|my) (?:story|game|dream|film|movie|book)|unless|when i was|once upon)\b|\bif i (?:were|was|had|lived|could)\b|\bjust kidding\b",
        RegexOptions.IgnoreCase)]
    private static partial Regex Supposition();

    [GeneratedRegex(@"^(?:what|where|when|who|whose|which|why|how|do|does|did|is|are|am|was|were|can|could|would|will|should|have|has)\b", RegexOptions.IgnoreCase)]
    private static partial Regex Question();

    // Somebody else speaks or thinks in the rest of the sentence. The person's own "I said that my …" is not reported speech.
    [GeneratedRegex(@"^(?!i\b)[^,]*\b(?:said|says|saying|asked|asks|told|tells|shouted|thinks|thought|believes|claims|claimed|wrote|writes|sings|sang)\b", RegexOptions.IgnoreCase)]
    private static partial Regex Reported();

    // A clause starts after a comma or a conjunction where the person speaks of themselves again, or goes on with another verb ("… and work as …").
    [GeneratedRegex(
        @"(?:\s*[,;:—–]\s*|\s+-\s+)(?=\S)|\s+(?=(?:and|but|because|so|while|though|although|plus)\s+(?:i\b|i'|my\b|please\b|call me\b|(?:also |now )?(?:live|work|like|love|hate|have|want|am|enjoy|fear|drink|dislike)\b))",
        RegexOptions.IgnoreCase)]
    private static partial Regex ClauseStarts();

    [GeneratedRegex(
        @"^\W*(?:(?:well|oh|ah|ok|okay|hi|hello|hey|yes|yeah|yep|no|nope|nah|so|and|but|because|while|though|although|plus|also|actually|by the way|btw|you know|fyi|listen|look|please|remember|note|sorry|wait|in fact|to be (?:honest|fair)|honestly|frankly|now|today|these days|nowadays|lately|recently|anyway|i mean|i meant|just so you know|for the record|correction|i (?:already |just )?(?:told|said|mentioned)(?: to)?(?: you)?|i want you to (?:know|remember)|let me tell you|you should know|i must (?:confess|admit)|i (?:confess|admit)|(?:and )?(?:don't|do not|never) forget|keep in mind|guess what|yesterday|last (?:week|month|year|spring|summer|autumn|fall|winter|night)|(?:in|since|until|till) (?:19|20)\d\d|(?:a|one|two|three|four|five|six|seven|eight|nine|ten|[0-9]+) (?:days?|weeks?|months?|years?) ago)(?:\W+that\b)?\W+)*",
        RegexOptions.IgnoreCase)]
    private static partial Regex Openings();

    [GeneratedRegex(@"\b(?:and|but|plus)\b", RegexOptions.IgnoreCase)]
    private static partial Regex Conjunction();

    [GeneratedRegex(@"\b(?:and|but) (?:also |now )?(?:live|work|like|love|hate|have|want|am|enjoy|fear|drink|dislike)\b", RegexOptions.IgnoreCase)]
    private static partial Regex AnotherVerb();

    [GeneratedRegex(@"^(?:really |truly |absolutely |still )?(?:live|work|like|love|hate|have|want|am|enjoy|fear|drink|dislike)\b", RegexOptions.IgnoreCase)]
    private static partial Regex GoesOn();

    [GeneratedRegex(@"^i(?:'m|'ve)?\s", RegexOptions.IgnoreCase)]
    private static partial Regex AboutMe();

    // In "I know people who drink and work as drivers" and "I would quit and work as a baker" the second verb is nobody's statement about themselves.
    [GeneratedRegex(
        @"\b(?:would|will|could|can|cannot|can't|won't|should|might|may|must|not|never|don't|didn't|if|let|who|that|which|whose|where|you|he|she|we|they|people|friends|parents|(?:want|wanted|hope|plan|planning|need|going|trying|try|used|wish|dream|intend) to)\b",
        RegexOptions.IgnoreCase)]
    private static partial Regex AboutOthers();
}
