using static TorchSharp.torch;

namespace Comox.BuiltInModel.Model;

/// <summary>
/// Attention within the rows of a <see cref="PackedBatch"/>: the prefix by itself, then the branches over the prefix and each over itself.
/// Queries, keys and values are [tokens, heads, head width]; queries come scaled.
/// </summary>
/// <remarks>
/// Written out in matrix products, because the backward pass of libtorch's fused attention is slow on a CPU: for a row of 500 tokens and 16 branches of 50
/// that takes twice as long, and one masked attention over the whole row longer still. The softmax over prefix and branch together is put together from
/// two parts with a common maximum, so that the prefix need not be repeated for each branch.
/// </remarks>
internal sealed class PackedAttention(PackedBatch batch, ScalarType precision)
{
    /// <summary>The causal prefix is done in parts of about this many tokens, so that less of the upper triangle is computed.</summary>
    private const int PartLength = 192;

    private readonly Dictionary<(int Length, int Before), Tensor> _masks = [];

    public Tensor Apply(Tensor queries, Tensor keys, Tensor values)
    {
        var sizes = batch.Rows.Select(row => (long)(row.Prefix + row.Rest)).ToArray();
        var (q, k, v) = (queries.split(sizes), keys.split(sizes), values.split(sizes));
        return Joined([.. batch.Rows.Select((row, index) => Row(row, q[index], k[index], v[index]))], 0);
    }

    private Tensor Row(PackedBatch.RowPlan row, Tensor q, Tensor k, Tensor v)
    {
        if (row.Rest == 0)
            return Prefix(q, k, v);
        long[] sizes = [row.Prefix, row.Rest];
        var (qs, ks, vs) = (q.split(sizes), k.split(sizes), v.split(sizes));
        var rest = Branches(row, (qs[1], ks[1], vs[1]), ks[0], vs[0]);
        return row.Prefix == 0 ? rest : cat([Prefix(qs[0], ks[0], vs[0]), rest]);
    }

    private Tensor Prefix(Tensor q, Tensor k, Tensor v)
    {
        var length = (int)q.shape[0];
        var parts = Math.Max(1, (length + (PartLength / 2)) / PartLength);
        var ends = Enumerable.Range(0, parts + 1).Select(part => length * part / parts).ToArray();
        return Joined([.. Enumerable.Range(0, parts).Select(part =>
        {
            var (start, end) = (ends[part], ends[part + 1]);
            var seen = k.narrow(0, 0, end).permute(1, 2, 0);
            var weights = q.narrow(0, start, end - start).transpose(0, 1).matmul(seen).add_(Mask(end - start, start)).softmax(2);
            return weights.matmul(v.narrow(0, 0, end).transpose(0, 1)).transpose(0, 1);
        })], 0);
    }

    private Tensor Branches(PackedBatch.RowPlan row, (Tensor Q, Tensor K, Tensor V) rest, Tensor prefixKeys, Tensor prefixValues)
    {
        var (heads, width) = (rest.Q.shape[1], rest.Q.shape[2]);
        var unpad = tensor(row.Unpad);
        Tensor Flat(IEnumerable<Tensor> blocks, long last) => Joined([.. blocks.Select(block => block.transpose(1, 2).reshape(-1, heads, last))], 0).index_select(0, unpad);

        // Over the prefix all branches are alike: one product per head, without padding. [heads, rest, prefix]
        var scores = rest.Q.transpose(0, 1).matmul(prefixKeys.permute(1, 2, 0));
        var own = row.Blocks.Select(block =>
        {
            var places = tensor(block.Gather);
            Tensor Padded(Tensor all) => all.index_select(0, places).view(block.Count, block.Length, heads, width).transpose(1, 2);
            return (Scores: Padded(rest.Q).matmul(Padded(rest.K).transpose(2, 3)).add_(Mask(block.Length, 0)), Values: Padded(rest.V), Places: places);
        }).ToArray();

        // What is subtracted does not change the result: so it needs no gradient. [rest, heads, 1]
        Tensor most;
        using (no_grad())
            most = maximum(scores.amax([2], true).transpose(0, 1), Flat(own.Select(block => block.Scores.amax([3], true)), 1));

        var overPrefix = scores.sub_(most.transpose(0, 1)).exp_();
        var overOwn = own.Select((block, index) =>
        {
            var padded = most.index_select(0, block.Places).view(row.Blocks[index].Count, -1, heads, 1).transpose(1, 2);
            return (Weights: block.Scores.sub_(padded).exp_(), block.Values);
        }).ToArray();
        var sum = overPrefix.sum([2], true).transpose(0, 1) + Flat(overOwn.Select(block => block.Weights.sum([3], true)), 1);
        return (overPrefix.matmul(prefixValues.transpose(0, 1)).transpose(0, 1) + Flat(overOwn.Select(block => block.Weights.matmul(block.Values)), width)) / sum;
    }

    private Tensor Mask(int length, int before)
    {
        if (!_masks.TryGetValue((length, before), out var mask))
            _masks[(length, before)] = mask = full([length, before + length], double.NegativeInfinity).triu(before + 1).to_type(precision);
        return mask;
    }

    private static Tensor Joined(List<Tensor> parts, long dimension) => parts.Count == 1 ? parts[0] : cat(parts, dimension);
}
