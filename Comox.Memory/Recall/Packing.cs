namespace Comox.Memory.Recall;

/// <summary>Chooses what goes into a budget of tokens.</summary>
internal static class Packing
{
    /// <summary>What finds most of the evidence in a thousand tokens: by score alone nearly as much, by score per token a tenth less.</summary>
    public const double DefaultPower = .25;

    /// <summary>
    /// Greedy by worth: <c>score / tokens^power</c>, for what costs twice must be worth more, but not twice as much. What does not fit is passed over,
    /// and something smaller after it may still go in.
    /// </summary>
    /// <param name="items">Scores and tokens, best first; of two that are worth the same the first goes in first.</param>
    /// <param name="budget">The tokens that there are.</param>
    /// <param name="power">0 packs by score alone, 1 by score per token.</param>
    /// <param name="most">The most items that may go in.</param>
    /// <param name="goesWith">Whether an item may join those that are in already; null: any may.</param>
    /// <returns>Places of the chosen items, in the order of <paramref name="items"/>.</returns>
    public static IReadOnlyList<int> Choose(
        IReadOnlyList<(double Score, int Tokens)> items, int budget, double power = DefaultPower, int most = int.MaxValue, Func<int, IReadOnlyList<int>, bool>? goesWith = null)
    {
        var order = Enumerable.Range(0, items.Count)
            .OrderByDescending(place => items[place].Score / Math.Pow(Math.Max(1, items[place].Tokens), power))
            .ThenBy(place => place);
        var (chosen, left) = (new List<int>(), budget);
        foreach (var place in order)
        {
            if (chosen.Count >= most)
                break;
            if (items[place].Tokens > left || goesWith?.Invoke(place, chosen) == false)
                continue;
            left -= items[place].Tokens;
            chosen.Add(place);
        }

        chosen.Sort();
        return chosen;
    }
}
