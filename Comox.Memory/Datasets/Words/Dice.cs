namespace Comox.Memory.Datasets.Words;

/// <summary>Every choice of a data set comes from here: the same seed makes the same data set, byte for byte.</summary>
internal sealed class Dice(int seed)
{
    private readonly Random _random = new(seed);

    /// <summary>From 0 to <paramref name="below"/>, without it.</summary>
    public int Below(int below) => _random.Next(below);

    /// <summary>Both ends included.</summary>
    public int Between(int least, int most) => _random.Next(least, most + 1);

    public bool Chance(double probability) => _random.NextDouble() < probability;

    public T Of<T>(IReadOnlyList<T> all) => all[_random.Next(all.Count)];

    /// <summary>One of a list whose most usual stand first: of eighty, the first five come every fourth time, and the last forty less than every third.</summary>
    public T Usual<T>(IReadOnlyList<T> all) => all[(int)(Math.Pow(_random.NextDouble(), 2) * all.Count)];

    /// <summary>One of <paramref name="all"/>, each as often as its weight says.</summary>
    public T Weighted<T>(IReadOnlyList<(T Item, double Weight)> all)
    {
        var at = _random.NextDouble() * all.Sum(entry => entry.Weight);
        foreach (var (item, weight) in all)
        {
            if ((at -= weight) < 0)
                return item;
        }

        return all[^1].Item;
    }

    public List<T> Shuffled<T>(IEnumerable<T> all)
    {
        var list = all.ToList();
        for (var at = list.Count - 1; at > 0; at--)
        {
            var other = _random.Next(at + 1);
            (list[at], list[other]) = (list[other], list[at]);
        }

        return list;
    }
}
