using Comox.Memory.Datasets.Words;

namespace Comox.Memory.Datasets.Talk;

/// <summary>Where a character puts the words it always says.</summary>
internal enum TicPlace
{
    None,

    /// <summary>"Well now, you live in Porto."</summary>
    Begin,

    /// <summary>"You live in Porto, well now."</summary>
    End,
}

/// <summary>How one character says things: a voice, a turn of phrase of its own, and its rhythm.</summary>
internal sealed record Speech
{
    /// <summary>Of no known kind: the voice without any mark, whose lines it says in its own way.</summary>
    public required Voice Voice { get; init; }

    /// <summary>The role, with its article: "a retired acrobat"; empty: only the card knows.</summary>
    public required string Role { get; init; }

    /// <summary>Words it always says; empty where it has none.</summary>
    public string Tic { get; init; } = "";

    public TicPlace Place { get; init; }

    /// <summary>A comma after the words, or a mark that ends the sentence: <c>,</c> <c>.</c> <c>!</c></summary>
    public char TicMark { get; init; } = ',';

    /// <summary>Says no more than it must.</summary>
    public bool Terse { get; init; }

    /// <summary>Small actions between asterisks; none: it has no such habit.</summary>
    public IReadOnlyList<string> Gestures { get; init; } = [];

    /// <summary>Says the plain sentence and nothing else.</summary>
    public bool IsBare { get; init; }

    private bool IsMarked => Voice.Markers.Count > 0;

    /// <summary>A plain sentence in the second person, as this character says it.</summary>
    public string Say(string core, Dice dice, bool mayClose = true)
    {
        if (IsBare)
            return core;
        var said = Voice.Spoken(core);
        if (IsMarked || (Tic.Length == 0 && !Terse && dice.Chance(.2)))
            said = $"{dice.Usual(Voice["open"])} {said}";
        if (mayClose && !Terse && Place != TicPlace.End && dice.Chance(.08))
            said = $"{said} {dice.Usual(Voice["close"])}";
        return Gestured(Marked(said), dice);
    }

    /// <summary>A line of the voice itself: <c>greet</c>, <c>mood</c>, <c>thanks</c> …</summary>
    public string Line(string key, Dice dice) => Gestured(Marked(dice.Usual(Sayable(Voice[key]))), dice);

    /// <summary>Those of the lines that this character can say: without a role it names none.</summary>
    public IReadOnlyList<string> Sayable(IReadOnlyList<string> lines) => Role.Length > 0 ? lines : [.. lines.Where(line => !line.Contains("{role}", StringComparison.Ordinal))];

    /// <summary>Whether the words that this character always says are in the reply; of a marked voice, one of its words.</summary>
    public bool IsMarkedIn(string reply) =>
        Tic.Length > 0 ? reply.Contains(Tic, StringComparison.OrdinalIgnoreCase) : !IsMarked || Voice.Markers.Any(marker => reply.Contains(marker, StringComparison.OrdinalIgnoreCase));

    private string Gestured(string said, Dice dice) => Gestures.Count > 0 ? $"*{dice.Of(Gestures)}* {said}" : said;

    private string Marked(string said) => Place switch
    {
        TicPlace.Begin => TicMark == ',' ? $"{Wordsmith.Capital(Tic)}, {Lowered(said)}" : $"{Wordsmith.Capital(Tic)}{TicMark} {said}",
        TicPlace.End => TicMark == ',' && said[^1] == '.' ? $"{said[..^1]}, {Tic}." : $"{said} {Wordsmith.Capital(Tic)}{(TicMark == ',' ? '.' : TicMark)}",
        _ => said,
    };

    // Only words that are small in the middle of a sentence: a name keeps its capital.
    private static string Lowered(string said)
    {
        var end = said.IndexOfAny([' ', ',', '.', '\'']);
        return end > 0 && Small.Contains(said[..end]) ? char.ToLowerInvariant(said[0]) + said[1..] : said;
    }

    private static readonly HashSet<string> Small = new(StringComparer.Ordinal)
    {
        "You", "Your", "Yours", "It", "That", "The", "This", "So", "Then", "We", "They", "There", "Of", "In", "On", "At", "By", "As", "And", "But", "No", "Not", "Nobody", "Now", "What", "When", "Where",
        "How", "If", "A", "An", "Good", "Thank", "Thanks", "Well", "Yes", "Hello", "My", "Nothing", "For", "With", "To", "From", "He", "She", "Once", "Maybe", "Perhaps", "Always", "Very", "All", "One",
    };
}
