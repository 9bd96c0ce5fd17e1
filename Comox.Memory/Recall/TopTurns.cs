namespace Comox.Memory.Recall;

/// <summary>Keeps the best of many: a heap with the worst of them on top. Ties go to the newer turn, then by id.</summary>
internal sealed class TopTurns(TurnStore turns, int limit)
{
    private readonly int[] _turns = new int[limit];
    private readonly double[] _scores = new double[limit];
    private int _count;

    /// <summary>What a turn must have to be kept.</summary>
    public double Least => _count < limit ? double.NegativeInfinity : _scores[0];

    public void Offer(int turn, double score)
    {
        if (_count == limit)
        {
            if (!IsWorse(0, turn, score))
                return;
            (_turns[0], _scores[0]) = (turn, score);
            Sink(0);
            return;
        }

        (_turns[_count], _scores[_count]) = (turn, score);
        for (var at = _count++; at > 0; at = (at - 1) / 2)
        {
            var above = (at - 1) / 2;
            if (IsWorse(above, _turns[at], _scores[at]))
                break;
            Swap(at, above);
        }
    }

    /// <summary>In no order.</summary>
    public ReadOnlySpan<int> Best() => _turns.AsSpan(0, _count);

    private void Sink(int at)
    {
        for (var below = (2 * at) + 1; below < _count; below = (2 * at) + 1)
        {
            if (below + 1 < _count && IsWorse(below + 1, _turns[below], _scores[below]))
                below++;
            if (IsWorse(at, _turns[below], _scores[below]))
                return;
            Swap(at, below);
            at = below;
        }
    }

    private bool IsWorse(int held, int turn, double score) =>
        _scores[held] != score ? _scores[held] < score : Ordering.Tie(turns, _turns[held], turn) > 0;

    private void Swap(int a, int b)
    {
        (_turns[a], _turns[b]) = (_turns[b], _turns[a]);
        (_scores[a], _scores[b]) = (_scores[b], _scores[a]);
    }
}
