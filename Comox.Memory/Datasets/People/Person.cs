using Comox.Memory.Datasets.Talk;
using Comox.Memory.Datasets.Words;
using Comox.Memory.SuperPrompt;

namespace Comox.Memory.Datasets.People;

/// <summary>Somebody who talks with a character, and what is true of them.</summary>
internal sealed class Person
{
    private readonly Dictionary<Slot, List<string>> _known = [];
    private readonly HashSet<Slot> _changed = [];

    /// <summary>Changes when the person says what they are called.</summary>
    public required UserName Name { get; set; }

    /// <summary>What is known now, in the order in which it became known.</summary>
    public IEnumerable<Statement> Known => _known.SelectMany(entry => entry.Value.Select(value => new Statement(entry.Key, value)));

    /// <summary>Whether it is true now.</summary>
    public bool Holds(Statement said) => _known.TryGetValue(said.Slot, out var values) && values.Contains(said.Value);

    public bool Knows(Slot slot) => _known.ContainsKey(slot);

    /// <summary>Whether it was otherwise before.</summary>
    public bool HasChanged(Slot slot) => _changed.Contains(slot);

    /// <summary>Whether what is told now for it takes the place of what is known.</summary>
    public bool IsCorrected(Slot slot) => slot.Topic.IsCorrected && (slot.HasOneValue || (_known.TryGetValue(slot, out var values) && values.Count == 1));

    /// <param name="statement">What is true from now on.</param>
    /// <param name="corrects">Whether nothing else of its kind is true any more, though there may be several.</param>
    public void Learn(Statement statement, bool corrects = false)
    {
        if (!_known.TryGetValue(statement.Slot, out var values))
            _known[statement.Slot] = values = [];
        if (corrects || statement.Slot.HasOneValue)
        {
            if (values.Count > 0)
                _changed.Add(statement.Slot);
            values.Clear();
        }

        values.Add(statement.Value);
    }
}

/// <summary>Makes people, and what they may tell.</summary>
internal sealed class PersonMaker(WordLists lists, Wordsmith words, IReadOnlyList<Topic> topics)
{
    // Whoever knows one of them may take it for another.
    private static readonly string[][] Alike =
    [
        ["likes_to_eat", "likes_to_drink", "allergy", "breakfast", "likes"],
        ["hates", "dislikes", "afraid_of", "allergy"],
        ["works_as", "works_at", "studies", "learning", "hobby", "instrument", "collects"],
        ["lives_in", "born_in", "wants_to_visit", "works_at", "plans"],
        ["birthday", "age"],
        ["bought", "lost", "car", "collects", "reading"],
    ];

    // What people tell most, most often.
    private readonly IReadOnlyList<(Topic Item, double Weight)> _topics = [.. topics.Select(topic => (topic, topic.Nouns is not null ? 2.2 : topic.IsFact ? 1.2 : .8))];

    public Person Make(Dice dice)
    {
        if (dice.Chance(.12))
            return new Person { Name = UserName.For("user-42", []) };
        var name = dice.Chance(.45) ? dice.Of(lists.Values("names")) : words.Name("names", dice);
        return new Person { Name = UserName.Named(name) };
    }

    public Slot AnySlot(Dice dice)
    {
        var topic = dice.Weighted(_topics);
        return new Slot(topic, topic.Nouns is null ? null : Noun(topic, dice));
    }

    /// <summary>A slot that is easily mixed up with another: another aunt, or what one eats instead of what one drinks.</summary>
    public Slot Near(Slot slot, Dice dice)
    {
        if (slot.Topic.Nouns is not null)
            return slot with { Noun = Noun(slot.Topic, dice) };
        var kin = topics.Where(topic => topic != slot.Topic && topic.Nouns is null && Alike.Any(names => names.Contains(slot.Topic.Name) && names.Contains(topic.Name))).ToList();
        return kin.Count == 0 ? AnySlot(dice) : new Slot(dice.Of(kin), null);
    }

    public string ValueFor(Slot slot, Dice dice) => words.Value(slot.Topic.Values, dice);

    // "What is my glimmerhorn?": a noun that nobody has listed is asked for by its letters.
    private string Noun(Topic topic, Dice dice) => topic.Name == "thing" && dice.Chance(.3)
        ? dice.Chance(.5) ? dice.Of(lists.Values("nouns")) : words.Word("nouns", dice)
        : dice.Of(lists.Values(topic.Nouns!));
}
