namespace Comox.Memory.Recall;

/// <summary>Who speaks in the turns of an index, by number, and which words name them.</summary>
internal sealed class Speakers
{
    private readonly Dictionary<string, int> _numbers = new(StringComparer.Ordinal);
    private readonly List<Speaker> _speakers = [];

    /// <summary>Counts a turn of the speaker's.</summary>
    /// <returns>The speaker's number.</returns>
    public int Add(string name)
    {
        if (!_numbers.TryGetValue(name, out var number))
        {
            _numbers[name] = number = _speakers.Count;
            // "The" names nobody.
            _speakers.Add(new Speaker(name, [.. Terms.Words(name).Where(word => word.Length > 2 && Terms.Of(word).Count > 0)]));
        }

        _speakers[number].Turns++;
        return number;
    }

    public void Remove(int number) => _speakers[number].Turns--;

    public string Name(int number) => _speakers[number].Name;

    /// <returns>The number of the speaker whom the word names; -1 when it names nobody, or several: there may be two captains.</returns>
    public int Named(string word)
    {
        var named = -1;
        for (var number = 0; number < _speakers.Count; number++)
        {
            if (_speakers[number].Turns == 0 || !_speakers[number].Words.Contains(word))
                continue;
            if (named >= 0)
                return -1;
            named = number;
        }

        return named;
    }

    /// <summary>The one speaker whom a message means with "I" or "you", or else names; -1 when there is not exactly one.</summary>
    public int Subject(RecallQuery query, IReadOnlyList<string> words, IReadOnlyCollection<int> named)
    {
        var (first, second) = Pronouns.Of(words);
        (first, second) = (first && query.Asker is not null, second && query.Addressee is not null);
        // "Brine, what did I say?" names the one it is said to, and is about the one who says it.
        if (first != second)
            return _numbers.GetValueOrDefault(first ? query.Asker! : query.Addressee!, -1);
        return first || named.Count != 1 ? -1 : named.First();
    }

    private sealed class Speaker(string name, IReadOnlyList<string> words)
    {
        public string Name => name;
        public IReadOnlyList<string> Words => words;
        public int Turns { get; set; }
    }
}
