namespace Comox.Memory.Recall;

/// <summary>The order of an answer: by score, then the newer, then by id, so that there is one and only one.</summary>
internal static class Ordering
{
    public static List<Finalist> Of(List<Finalist> found, TurnStore turns, int limit)
    {
        found.Sort((a, b) => Compare(turns, a, b));
        return found.Count <= limit ? found : found.GetRange(0, limit);
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
}
