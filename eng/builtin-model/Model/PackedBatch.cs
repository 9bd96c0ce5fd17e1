namespace Comox.BuiltInModel.Model;

/// <summary>
/// One row: tokens that several examples begin with, and what each of them goes on with. A branch sees the prefix and itself, and its positions
/// go on from the prefix's end. Loss marks say for a token whether it is to be predicted.
/// </summary>
internal sealed record PackedRow(int[] Prefix, bool[] PrefixLoss, IReadOnlyList<PackedRow.Branch> Branches)
{
    public sealed record Branch(int[] Tokens, bool[] Loss)
    {
        public IReadOnlyList<Hint> Hints { get; init; } = [];
    }

    /// <summary>Those of tokens in the prefix.</summary>
    public IReadOnlyList<Hint> PrefixHints { get; init; } = [];

    public int Length => Prefix.Length + Branches.Sum(branch => branch.Tokens.Length);
}

/// <summary>
/// Several rows, one after the other in one flat list of tokens: a row's prefix, then its branches. All that goes token by token works on that
/// list; only attention goes back to rows and branches.
/// </summary>
internal sealed class PackedBatch
{
    private readonly List<long> _tokens = [];
    private readonly List<long> _positions = [];
    private readonly List<long> _lossAt = [];
    private readonly List<long> _lossTargets = [];
    private readonly List<RowPlan> _rows = [];

    // Of each part of a row: where it begins, its length, and where the tokens end that it goes on from.
    private readonly List<(int Start, int Length, int PrefixStart, int PrefixEnd)> _parts = [];

    public PackedBatch(IEnumerable<PackedRow> rows)
    {
        foreach (var row in rows)
            Add(row);
    }

    /// <param name="Prefix">Count of prefix tokens.</param>
    /// <param name="Rest">Count of all branches' tokens.</param>
    /// <param name="Blocks">The branches, those of like length together.</param>
    /// <param name="Unpad">For each token of the branches: its place in the blocks' padded rows, one block after the other.</param>
    public sealed record RowPlan(int Prefix, int Rest, IReadOnlyList<Block> Blocks, long[] Unpad)
    {
        public IReadOnlyList<HintPlan> Hints { get; init; } = [];
    }

    /// <param name="Count">Branches.</param>
    /// <param name="Length">Tokens of the longest.</param>
    /// <param name="Gather">[Count × Length]: places within the row's rest; padding repeats the branch's last token, and nothing attends to it.</param>
    public sealed record Block(int Count, int Length, long[] Gather);

    public IReadOnlyList<RowPlan> Rows => _rows;

    public long[] Tokens => [.. _tokens];

    public long[] Positions => [.. _positions];

    /// <summary>Places in the list whose output is asked for; a place comes once for each token that it has to predict.</summary>
    public long[] LossAt => [.. _lossAt];

    public long[] LossTargets => [.. _lossTargets];

    public int Count => _tokens.Count;

    public int LossCount => _lossAt.Count;

    /// <summary>The tokens that another stands before in the list than in their example, and the place of the one that is so many tokens before them there.</summary>
    /// <param name="back">1 or 2.</param>
    /// <returns>Places in the list; From counts two places more, and is 0 where nothing stands so far before.</returns>
    public (long[] At, long[] From) Before(int back)
    {
        var (at, from) = (new List<long>(), new List<long>());
        foreach (var (start, length, prefixStart, prefixEnd) in _parts)
        {
            for (var index = 0; index < Math.Min(back, length); index++)
            {
                var place = prefixEnd + index - back;
                at.Add(start + index);
                from.Add(place >= prefixStart ? place + ModelShape.Taps - 1 : 0);
            }
        }

        return ([.. at], [.. from]);
    }

    private void Add(PackedRow row)
    {
        var start = _tokens.Count;
        var prefix = row.Prefix.Length;
        for (var at = 0; at < prefix; at++)
        {
            _tokens.Add(row.Prefix[at]);
            _positions.Add(at);
            if (row.PrefixLoss[at] && at > 0)
                Loss(start + at - 1, row.Prefix[at]);
        }

        _parts.Add((start, prefix, start, start));
        var starts = new int[row.Branches.Count];
        var rest = 0;
        for (var index = 0; index < row.Branches.Count; index++)
        {
            var branch = row.Branches[index];
            starts[index] = rest;
            _parts.Add((_tokens.Count, branch.Tokens.Length, start, start + prefix));
            for (var at = 0; at < branch.Tokens.Length; at++)
            {
                if (branch.Loss[at] && prefix + at > 0)
                    Loss(at == 0 ? start + prefix - 1 : _tokens.Count - 1, branch.Tokens[at]);
                _tokens.Add(branch.Tokens[at]);
                _positions.Add(prefix + at);
            }

            rest += branch.Tokens.Length;
        }

        _rows.Add(Plan(row, starts, rest) with { Hints = [.. Enum.GetValues<Hint.Head>().Select(kind => Hints(row, starts, kind)).OfType<HintPlan>()] });
    }

    private static HintPlan? Hints(PackedRow row, int[] starts, Hint.Head kind)
    {
        var prefix = row.Prefix.Length;
        var all = row.PrefixHints.Select(hint => (Hint: hint, Start: prefix))
            .Concat(row.Branches.SelectMany((branch, index) => branch.Hints.Select(hint => (Hint: hint, Start: prefix + starts[index]))))
            .Where(pair => pair.Hint.Kind == kind).ToArray();
        if (all.Length == 0)
            return null;
        var width = row.Length;
        var (looks, seen, wanted) = (new long[all.Length], new float[all.Length * width], new float[all.Length * width]);
        seen.AsSpan().Fill(HintPlan.Hidden);
        wanted.AsSpan().Fill(HintPlan.Hidden);
        for (var index = 0; index < all.Length; index++)
        {
            var (hint, start) = all[index];
            long Place(int at) => at < prefix ? at : start + at - prefix;
            looks[index] = Place(hint.At - 1);
            seen.AsSpan(index * width, Math.Min(prefix, hint.At)).Clear();
            if (hint.At > prefix)
                seen.AsSpan((index * width) + start, hint.At - prefix).Clear();
            foreach (var key in hint.Keys)
                wanted[(index * width) + Place(key)] = 0;
        }

        return new HintPlan(kind, looks, seen, wanted);
    }

    private void Loss(long at, long target)
    {
        _lossAt.Add(at);
        _lossTargets.Add(target);
    }

    private static RowPlan Plan(PackedRow row, int[] starts, int rest)
    {
        var byLength = Enumerable.Range(0, starts.Length).OrderBy(index => row.Branches[index].Tokens.Length).ToArray();
        var blocks = new List<Block>();
        var unpad = new long[rest];
        var padded = 0L;
        for (var first = 0; first < byLength.Length;)
        {
            var shortest = row.Branches[byLength[first]].Tokens.Length;
            var end = first + 1;
            while (end < byLength.Length && row.Branches[byLength[end]].Tokens.Length <= (shortest * 1.5) + 8)
                end++;
            var length = row.Branches[byLength[end - 1]].Tokens.Length;
            var gather = new long[(end - first) * length];
            for (var index = first; index < end; index++)
            {
                var own = row.Branches[byLength[index]].Tokens.Length;
                for (var at = 0; at < length; at++)
                {
                    gather[((index - first) * length) + at] = starts[byLength[index]] + Math.Min(at, own - 1);
                    if (at < own)
                        unpad[starts[byLength[index]] + at] = padded + ((index - first) * length) + at;
                }
            }

            blocks.Add(new Block(end - first, length, gather));
            padded += gather.Length;
            first = end;
        }

        return new RowPlan(row.Prefix.Length, rest, blocks, unpad);
    }
}
