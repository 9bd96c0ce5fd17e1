using Comox.Memory.Ingestion;

namespace Comox.Memory.Recall;

/// <summary>The current line of one session in an index: the numbers of its turns, and the facts that were told in them.</summary>
internal sealed class IndexedLine(int number, string sessionId, Host? host)
{
    private readonly List<(int At, ToldFact Fact)> _facts = [];

    /// <summary>The session's number in the index.</summary>
    public int Number => number;

    public string SessionId => sessionId;

    /// <summary>Whose session it is, where the character that recalls was a guest.</summary>
    public Host? Host => host;

    /// <summary>First to last.</summary>
    public List<int> Turns { get; } = [];

    public IEnumerable<ToldFact> Facts => _facts.Select(told => told.Fact);

    public IEnumerable<ToldFact> FactsWhere(Func<int, bool> turn) => _facts.Where(told => turn(Turns[told.At])).Select(told => told.Fact);

    public void Add(int turn, IEnumerable<ToldFact> facts)
    {
        foreach (var fact in facts)
            _facts.Add((Turns.Count, fact));
        Turns.Add(turn);
    }

    /// <summary>Puts these facts in the place of those of the turn at this place.</summary>
    public void Retell(int at, IEnumerable<ToldFact> facts)
    {
        var first = FirstAt(at);
        var last = first;
        while (last < _facts.Count && _facts[last].At == at)
            last++;
        _facts.RemoveRange(first, last - first);
        _facts.InsertRange(first, facts.Select(fact => (at, fact)));
    }

    /// <returns>The number of the turn that went.</returns>
    public int RemoveLast()
    {
        var turn = Turns[^1];
        Turns.RemoveAt(Turns.Count - 1);
        while (_facts.Count > 0 && _facts[^1].At >= Turns.Count)
            _facts.RemoveAt(_facts.Count - 1);
        return turn;
    }

    /// <summary>Whether these facts, and no others, were told in the turn at this place.</summary>
    public bool Told(int at, IEnumerable<ToldFact> facts) => FactsAt(at).SequenceEqual(facts);

    public IEnumerable<ToldFact> FactsAt(int at)
    {
        for (var place = FirstAt(at); place < _facts.Count && _facts[place].At == at; place++)
            yield return _facts[place].Fact;
    }

    private int FirstAt(int at)
    {
        var (low, high) = (0, _facts.Count);
        while (low < high)
        {
            var middle = (low + high) / 2;
            (low, high) = _facts[middle].At < at ? (middle + 1, high) : (low, middle);
        }

        return low;
    }
}
