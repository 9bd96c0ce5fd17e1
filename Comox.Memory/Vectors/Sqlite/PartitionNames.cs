namespace Comox.Memory.Vectors.Sqlite;

/// <summary>Numbers for the names, and for the sets of witnesses, of one partition, so that a scan compares numbers. There are few of either.</summary>
internal sealed class PartitionNames
{
    private readonly Dictionary<string, int> _names = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> _setNumbers = new(StringComparer.Ordinal);
    private readonly List<HashSet<int>> _sets = [];

    public int Count => _names.Count + _sets.Count;

    public int Add(string name)
    {
        if (!_names.TryGetValue(name, out var number))
            _names[name] = number = _names.Count;
        return number;
    }

    public int AddSet(IReadOnlyList<string> names)
    {
        var set = names.Select(Add).ToHashSet();
        var key = string.Join(',', set.Order());
        if (!_setNumbers.TryGetValue(key, out var number))
        {
            _setNumbers[key] = number = _sets.Count;
            _sets.Add(set);
        }

        return number;
    }

    /// <returns>−1: no point has this name.</returns>
    public int Find(string name) => _names.GetValueOrDefault(name, -1);

    /// <returns>For each set, by its number, whether the name is in it.</returns>
    public bool[] SetsWith(int name) => [.. _sets.Select(set => set.Contains(name))];
}

/// <summary>A filter in the numbers of one partition. Turns are not kept in memory, as each has a name of its own: what names one is asked of the file.</summary>
internal sealed class RowFilter
{
    private const int Any = -1;

    private readonly int _kinds;
    private readonly int _character;
    private readonly int _session;
    private readonly bool[]? _sets;
    private readonly long _from;
    private readonly long _before;

    private RowFilter(VectorFilter filter, PartitionNames names)
    {
        // A hole has the kind 0, which is in no mask.
        _kinds = (filter.Kinds ?? Enum.GetValues<VectorKind>()).Aggregate(0, (mask, kind) => mask | (1 << (int)kind));
        _character = filter.Character is { } character ? names.Find(character) : Any;
        _session = filter.Session is { } session ? names.Find(session) : Any;
        _sets = filter.Witness is { } witness ? names.SetsWith(names.Find(witness)) : null;
        _from = filter.From is { } from ? VectorTime.FirstMillisecond(from) : long.MinValue;
        _before = filter.Before is { } before ? VectorTime.FirstMillisecond(before) : long.MaxValue;
    }

    /// <returns>Null: it names something that no point has, so nothing can match.</returns>
    public static RowFilter? Of(VectorFilter filter, PartitionNames names) =>
        new[] { filter.Character, filter.Session, filter.Witness }.All(name => name is null || names.Find(name) >= 0)
            ? new RowFilter(filter, names)
            : null;

    public bool Matches(byte kind, int character, int session, int witnesses, long saidAt) =>
        (_kinds >> kind & 1) != 0
        && (_character == Any || _character == character)
        && (_session == Any || _session == session)
        && (_sets is null || _sets[witnesses])
        && saidAt >= _from
        && saidAt < _before;
}
