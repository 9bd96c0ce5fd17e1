using System.Text;
using Comox.Memory.Ingestion;
using Comox.Memory.Recall;
using Comox.Memory.SuperPrompt;

namespace Comox.Fuzz.Targets;

/// <summary>What a person writes: facts are drawn from it by rules, and recall asks what it is about.</summary>
internal sealed class FactsTarget : IFuzzTarget
{
    private static readonly string[] Pieces =
    [
        "I live in ", "i don't live in ", "I moved from ", "to ", "my name is ", "call me ", "I'm ", "I am ", "called ", "Hi, I'm ", "hello ", "I work as ", "a baker", "by trade", "I quit my job", "my birthday is ", "the 5th of May",
        "my favourite ", "my favorite color ", "food is ", "drink is ", "I have a ", "cat ", "sister ", "whose name is ", "named ", "my sister's name is ", "my mother is ", "the name of my ", "I like ", "I love ", "to drink ", "I hate ",
        "I no longer ", "I'm afraid of ", "I want to visit ", "my hobby is ", "my landlord is ", "is my favourite ", "and ", "but ", "because ", "no, ", "actually, ", "well ", "sorry, ", "wait ", "if ", "suppose ", "she said ",
        "now ", "just ", "really ", "by the way ", "I told you that ", "don't forget that ", "these days", "for three years", "St. Ives", "Porto", "Mara", "Ljubljana", "tea", "spiders", "lentil soup", "Mr. ", "3.5 ",
        "\u0160kofja Loka", "Zs\u00f3fia", "\u00c9lise", "\u9f8d", "\ud83d\udc4b", "\u0130", "\u00a0", "\u2019", "'", "\"", "\u201c", "\u201d", "\u00ab", "\u00bb", ">", "\u0001", "\0", "\t", "\n", "\r\n", " ", "  ", ",", ".", "...", "!", "?", ";", ":", "\u2014", " - ", "(", ")", "*", "~",
    ];

    private readonly RuleFactExtractor _extractor = new();

    public string Name => "facts";

    public string Promise => "every quote stands in the message, every fact can be worded, no exception, no long thought";

    public byte[] Make(Random random)
    {
        var text = new StringBuilder();
        for (var left = 1 + random.Next(24); left > 0; left--)
        {
            // Repetition is what makes patterns slow.
            var repeated = random.Next(60) == 0 ? random.Next(400) : 1;
            text.Insert(text.Length, random.Pick(Pieces), repeated);
        }

        var bytes = Encoding.UTF8.GetBytes(text.ToString());
        return random.Next(3) == 0 ? Mutations.Of(bytes, Pieces, random) : bytes;
    }

    public Verdict Check(byte[] input, Random random)
    {
        var message = Encoding.UTF8.GetString(input);
        var facts = _extractor.Extract(message);
        foreach (var fact in facts)
        {
            if (fact.Quote.Length == 0 || fact.QuoteStart < 0 || fact.QuoteStart + fact.Quote.Length > message.Length
                || string.CompareOrdinal(message, fact.QuoteStart, fact.Quote, 0, fact.Quote.Length) != 0)
                return Verdict.Broken($"the quote does not stand in the message: {fact}");
            if (!fact.Retracts && string.IsNullOrWhiteSpace(fact.Object))
                return Verdict.Broken($"a fact without a value: {fact}");
            if (!fact.Retracts)
                FactSentences.Of(fact.Relation, fact.Object, "Mara");
        }

        Asked.About(message);
        Asked.IsPlainQuestion(message);
        return Verdict.Kept(facts.Count switch { 0 => "no fact", 1 => "one fact", _ => "several facts" });
    }
}
