using System.Runtime.InteropServices;

namespace Comox.Memory.Recall;

/// <summary>What an index searches in: its turns, the terms in them, and which turns have which.</summary>
internal sealed class IndexContent
{
    private readonly List<int> _numbers = [];
    private readonly List<long> _counted = [];

    public IndexContent(RecallWeights weights)
    {
        Turns = new TurnStore(weights);
        Ids = new TurnIds(Turns);
    }

    public TurnStore Turns { get; }
    public TurnIds Ids { get; }
    public TermTable Terms { get; } = new();
    public Postings Postings { get; } = new();

    /// <summary>Adds a turn, as it was read, at the end of its session's line.</summary>
    /// <returns>Its number.</returns>
    public int Add(RecallTurn turn, IndexedLine line, int speaker, int audience, TurnReading reading)
    {
        Number(reading.Terms);
        _counted.Clear();
        for (var at = 0; at < _numbers.Count; at++)
            _counted.Add(((long)_numbers[at] << 1) | (at < reading.Said ? 0L : 1L));

        var number = Turns.Add(
            line.Turns.Count > 0 ? line.Turns[^1] : TurnStore.None,
            new TurnStore.Entry { Ticks = turn.SaidAt.UtcTicks, Session = line.Number },
            speaker,
            reading.Traits,
            audience,
            turn.Id,
            turn.Content,
            CollectionsMarshal.AsSpan(_numbers),
            reading.Said);
        Ids.Add(number);

        _counted.Sort();
        for (var at = 0; at < _counted.Count;)
        {
            var (term, times) = ((int)(_counted[at] >> 1), 0);
            for (; at < _counted.Count && (int)(_counted[at] >> 1) == term; at++)
                times += (_counted[at] & 1) == 0 ? TurnReading.SaidTimes : TurnReading.KeyTimes;
            Postings.Add(term, number, times);
        }

        return number;
    }

    /// <summary>Gives a turn other keys, wherever it is on its line; the turns around it are not touched.</summary>
    public void SetKeys(int turn, IReadOnlyList<ulong> keys)
    {
        Number(keys);
        var said = Turns[turn].Said;
        var before = Turns.TermsOf(turn)[said..].ToArray();
        if (_numbers.SequenceEqual(before))
            return;
        Turns.SetKeys(turn, CollectionsMarshal.AsSpan(_numbers));
        var own = Turns.TermsOf(turn)[..said];
        foreach (var term in before.Union(_numbers))
            Postings.Set(term, turn, (own.Count(term) * TurnReading.SaidTimes) + (_numbers.Count(key => key == term) * TurnReading.KeyTimes));
    }

    private void Number(IReadOnlyList<ulong> keys)
    {
        _numbers.Clear();
        foreach (var key in keys)
            _numbers.Add(Terms.FindOrAdd(key));
    }
}
