using static TorchSharp.torch;

namespace Comox.BuiltInModel.Model;

/// <summary>
/// Attention within the rows of a <see cref="PackedBatch"/>: the prefix by itself, then the branches over the prefix and each over itself.
/// Queries, keys and values are [tokens, heads, head width]; queries come scaled.
/// </summary>
/// <remarks>
/// The weights are plain exponentials divided by their sum, without the usual subtraction of each row's maximum: scores of so small a model stay far
/// below 88, where float32 and bfloat16 end, and one pass over the scores less is a third of the time. Against libtorch's fused attention, whose
/// backward pass is slow on a CPU, this takes a third; one masked attention over the whole row takes four times as long.
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
            var weights = (q.narrow(0, start, end - start).transpose(0, 1).matmul(seen) + Mask(end - start, start)).exp();
            return (weights.matmul(v.narrow(0, 0, end).transpose(0, 1)) / weights.sum([2], true)).transpose(0, 1);
        })], 0);
    }

    private Tensor Branches(PackedBatch.RowPlan row, (Tensor Q, Tensor K, Tensor V) rest, Tensor prefixKeys, Tensor prefixValues)
    {
        var (heads, width) = (rest.Q.shape[1], rest.Q.shape[2]);

        // Over the prefix all branches are alike: one product per head, without padding. [heads, rest, …]
        var weights = rest.Q.transpose(0, 1).matmul(prefixKeys.permute(1, 2, 0)).exp();
        var overPrefix = weights.matmul(prefixValues.transpose(0, 1)).transpose(0, 1);
        var prefixSums = weights.sum([2], true).transpose(0, 1);

        var (own, ownSums) = (new List<Tensor>(), new List<Tensor>());
        foreach (var block in row.Blocks)
        {
            var places = tensor(block.Gather);
            Tensor Padded(Tensor all) => all.index_select(0, places).view(block.Count, block.Length, heads, width).transpose(1, 2);
            var inner = (Padded(rest.Q).matmul(Padded(rest.K).transpose(2, 3)) + Mask(block.Length, 0)).exp();
            own.Add(inner.matmul(Padded(rest.V)).transpose(1, 2).reshape(-1, heads, width));
            ownSums.Add(inner.sum([3], true).transpose(1, 2).reshape(-1, heads, 1));
        }

        var unpad = tensor(row.Unpad);
        return (overPrefix + Joined(own, 0).index_select(0, unpad)) / (prefixSums + Joined(ownSums, 0).index_select(0, unpad));
    }

    private Tensor Mask(int length, int before)
    {
        if (!_masks.TryGetValue((length, before), out var mask))
            _masks[(length, before)] = mask = full([length, before + length], double.NegativeInfinity).triu(before + 1).to_type(precision);
        return mask;
    }

    private static Tensor Joined(List<Tensor> parts, long dimension) => parts.Count == 1 ? parts[0] : cat(parts, dimension);
}
