namespace Comox.Memory.Recall;

/// <summary>The different sets of characters that perceived turns, by number. There are few, whatever the number of turns.</summary>
internal sealed class Audiences
{
    private const int Everyone = 1;

    private readonly Dictionary<string, int> _numbers = new(StringComparer.Ordinal);
    private readonly List<IReadOnlyCollection<string>?> _sets = [[], null];

    public int Number(IReadOnlyCollection<string>? witnesses)
    {
        if (witnesses is null)
            return Everyone;
        string[] sorted = [.. witnesses.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];
        var key = string.Join('\n', sorted);
        if (!_numbers.TryGetValue(key, out var number))
        {
            _numbers[key] = number = _sets.Count;
            _sets.Add(sorted);
        }

        return number;
    }

    public IReadOnlyCollection<string>? Of(int number) => _sets[number];

    /// <summary>For each audience, whether the character is in it.</summary>
    /// <param name="witness">A character's id; null for who may see everything.</param>
    public bool[] VisibleTo(string? witness)
    {
        var visible = new bool[_sets.Count];
        for (var number = TurnStore.Gone + 1; number < visible.Length; number++)
            visible[number] = witness is null || _sets[number] is not { } set || set.Contains(witness);
        return visible;
    }
}
