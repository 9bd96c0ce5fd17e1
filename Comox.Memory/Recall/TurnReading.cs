namespace Comox.Memory.Recall;

/// <summary>Reads what a turn says, once, when it is said: its terms in order, and its traits.</summary>
internal sealed class TurnReading
{
    /// <summary>How much a word that is said counts …</summary>
    public const int SaidTimes = 2;

    /// <summary>… and a key that a fact adds.</summary>
    public const int KeyTimes = 1;

    private static readonly HashSet<string> First = new(StringComparer.Ordinal) { "i", "im", "ive", "id", "ill", "my", "me", "mine", "we", "our", "us", "weve", "myself" };
    private static readonly HashSet<string>.AlternateLookup<ReadOnlySpan<char>> FirstLookup = First.GetAlternateLookup<ReadOnlySpan<char>>();

    private readonly List<ulong> _terms = [];

    /// <summary>Keys of the terms, repeats included; those of the turn before they are read over.</summary>
    public IReadOnlyList<ulong> Terms => _terms;

    /// <summary>How many of them the turn says itself; the others are keys that its facts add.</summary>
    public int Said { get; private set; }

    public TurnTraits Traits { get; private set; }

    public void Read(string content, bool isUser, IEnumerable<string> keys)
    {
        _terms.Clear();
        Traits = isUser ? TurnTraits.User : TurnTraits.None;
        if (content.Length == 0)
            Traits |= TurnTraits.Empty;
        if (Asked.IsPlainQuestion(content))
            Traits |= TurnTraits.PlainQuestion;
        if (content.AsSpan().TrimEnd().EndsWith('?'))
            Traits |= TurnTraits.Asks;
        ReadTerms(content);
        Said = _terms.Count;
        foreach (var key in keys)
            ReadKeys(key);
    }

    /// <summary>Reads keys alone, as those of a turn that is known already.</summary>
    public void ReadKeys(IEnumerable<string> keys)
    {
        _terms.Clear();
        Said = 0;
        foreach (var key in keys)
            ReadKeys(key);
    }

    private void ReadTerms(string content)
    {
        var reader = new WordReader(PlainLetters.Of(content), stackalloc char[2 * WordReader.MaxLength]);
        Span<char> room = stackalloc char[WordReader.MaxLength];
        var announced = false;
        while (reader.Read())
        {
            var capital = char.IsUpper(reader.Word[0]) && !reader.StartsSentence;
            var length = reader.Word.Length;
            var lower = room[..reader.Word.ToLowerInvariant(room)];
            if (TimeWords.Tells(lower) || (announced && TimeWords.IsUnit(lower)) || (capital && lower is "may" or "march"))
                Traits |= TurnTraits.TellsTime;
            if (TimeWords.IsCount(lower))
                Traits |= TurnTraits.HasNumber;
            if (FirstLookup.Contains(lower))
                Traits |= TurnTraits.FirstPerson;
            announced = TimeWords.Announces(lower);
            length = Recall.Terms.InPlace(reader.Room, length, reader.StartsSentence);
            if (length > 0)
                _terms.Add(Recall.Terms.Key(reader.Room[..length]));
        }
    }

    private void ReadKeys(string text)
    {
        var reader = new WordReader(PlainLetters.Of(text), stackalloc char[2 * WordReader.MaxLength]);
        while (reader.Read())
        {
            var length = Recall.Terms.InPlace(reader.Room, reader.Word.Length, startsSentence: true);
            if (length > 0)
                _terms.Add(Recall.Terms.Key(reader.Room[..length]));
        }
    }
}
