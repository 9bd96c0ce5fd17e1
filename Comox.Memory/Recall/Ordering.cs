namespace Comox.Memory.Recall;

/// <summary>The order of an answer: by score, then the newer, then by id, so that there is one and only one.</summary>
internal static class Ordering
{
    /// <summary>Sorts; a turn loses <paramref name="crowd"/> for each better one among its four neighbours.</summary>
    public static List<Finalist> Of(List<Finalist> found, TurnStore turns, double crowd, int limit)
    {
        found.Sort((a, b) => Compare(turns, a, b));
        if (crowd <= 0)
            return found.Count <= limit ? found : found.GetRange(0, limit);

        var chosen = new List<Finalist>();
        var taken = new HashSet<int>();
        while (found.Count > 0 && chosen.Count < limit)
        {
            var best = 0;
            for (var at = 1; at < found.Count; at++)
            {
                if (Compare(turns, found[at], found[best]) < 0)
                    best = at;
            }

            var turn = found[best];
            found.RemoveAt(best);
            chosen.Add(turn);
            taken.Add(turn.Turn);
            for (var at = 0; at < found.Count; at++)
            {
                if (IsNear(turns, found[at].Turn, turn.Turn))
                    found[at] = found[at] with { Lanes = found[at].Lanes with { Crowd = found[at].Lanes.Crowd - crowd } };
            }
        }

        return chosen;
    }

    /// <summary>Which comes first of two with the same score: negative for the first.</summary>
    public static int Tie(TurnStore turns, int a, int b)
    {
        var newer = turns[b].Ticks.CompareTo(turns[a].Ticks);
        return newer != 0 ? newer : turns.IdOf(a).SequenceCompareTo(turns.IdOf(b));
    }

    private static int Compare(TurnStore turns, Finalist a, Finalist b)
    {
        // To what a receipt shows: the last bits of a sum are not a reason.
        var better = Math.Round(b.Lanes.Sum, 9).CompareTo(Math.Round(a.Lanes.Sum, 9));
        return better != 0 ? better : Tie(turns, a.Turn, b.Turn);
    }

    private static bool IsNear(TurnStore turns, int a, int b) =>
        Step(turns.Next, a, b) || Step(turns.Previous, a, b);

    private static bool Step(ReadOnlySpan<int> steps, int from, int to) =>
        steps[from] is >= 0 and var one && (one == to || steps[one] == to);
}
