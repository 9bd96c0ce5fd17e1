namespace Comox.Memory.Recall;

/// <summary>A term of a question, or <c>Related</c>: the terms that one of them stands for, counted as one.</summary>
internal readonly record struct Concept(double Weight, IReadOnlyList<ulong> Terms, bool Related = false);

/// <summary>What a question looks for, by its words alone.</summary>
internal sealed class Question
{
    private static readonly HashSet<string> Numbers = new(StringComparer.Ordinal) { "many", "much", "often", "old", "long", "far", "number", "times" };

    // A pasted page asks with its beginning; every term costs a walk through its turns.
    private const int MostTerms = 64;

    private Question(IReadOnlyList<Concept> concepts) => Concepts = concepts;

    /// <summary>Each different term once, in the order of the words; what they stand for after them.</summary>
    public IReadOnlyList<Concept> Concepts { get; }

    /// <summary>The number of the speaker that it is about; -1 when there is none, or more than one.</summary>
    public int Subject { get; private init; } = -1;

    public bool AsksTime { get; private init; }
    public bool AsksNumber { get; private init; }
    public Intent Intent { get; private init; }
    public TimeWindow? Window { get; private init; }

    public static Question Read(RecallQuery query, Speakers speakers, RecallWeights weights)
    {
        var text = PlainLetters.Of(query.Text);
        var words = Terms.Words(text);
        var window = TimeWindows.Find(words, query.At, query.Zone);
        var (concepts, related) = (new List<Concept>(), new List<Concept>());
        var seen = new HashSet<ulong>();
        var named = new HashSet<int>();
        var reader = new WordReader(text, stackalloc char[2 * WordReader.MaxLength]);
        for (var at = 0; reader.Read(); at++)
        {
            var word = words[at];
            var speaker = speakers.Named(word);
            if (speaker >= 0)
                named.Add(speaker);
            var length = Terms.InPlace(reader.Room, reader.Word.Length, reader.StartsSentence);
            // What was said last week does not say "last week".
            if (length == 0 || window?.IsReckonedAt(at) == true)
                continue;

            var term = Terms.Key(reader.Room[..length]);
            if (!seen.Add(term))
                continue;
            if (concepts.Count == MostTerms)
                break;
            var weight = QuestionWords.IsFrame(word) ? weights.Frame : 1;
            concepts.Add(new Concept(weight, [term]));
            // Who has a cat's name asks for no cats.
            if (speaker < 0)
            {
                AddRelated(related, term, RelatedWords.Of(term), weights.Related * weight);
                AddRelated(related, term, Synonyms.Of(term), weights.Synonym * weight);
            }
        }

        concepts.AddRange(related);
        return new Question(concepts)
        {
            Subject = speakers.Subject(query, words, named),
            AsksTime = words.Contains("when") || (words.Contains("date") && words.Contains("what")),
            AsksNumber = words.Contains("how") && Numbers.Overlaps(words),
            Intent = query.Intent ?? Intents.Of(words, window, query),
            Window = window,
        };
    }

    private static void AddRelated(List<Concept> related, ulong term, IReadOnlyList<ulong>? members, double weight)
    {
        if (members is not null && weight > 0)
            related.Add(new Concept(weight, [.. members.Where(member => member != term)], Related: true));
    }
}
