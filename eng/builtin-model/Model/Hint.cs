using static TorchSharp.torch;

namespace Comox.BuiltInModel.Model;

/// <summary>Where an attention head is to look when a token is to be predicted.</summary>
/// <param name="Kind">Which head.</param>
/// <param name="At">Index of the predicted token in its example; the token before it is the one that looks.</param>
/// <param name="Keys">Indexes of the tokens that it may look at, any of them; all are before <paramref name="At"/>.</param>
internal sealed record Hint(Hint.Head Kind, int At, int[] Keys)
{
    /// <summary>Copy looks at the very token that comes next, Find at what the reply is about.</summary>
    public enum Head
    {
        Copy,
        Find,
    }
}

/// <summary>The hints of a row for one head, as masks over [hints, tokens of the row]: 0 where the token that looks sees, and where it is to look; a large negative number elsewhere.</summary>
internal sealed record HintPlan(Hint.Head Kind, long[] Looks, float[] Seen, float[] Wanted)
{
    public const float Hidden = -1e9f;
}

/// <summary>The loss of the hints of a batch: how unlikely it is that the heads look where they should.</summary>
/// <param name="batch">What is read.</param>
/// <param name="shape">Of the model: the heads are in its last two layers with attention.</param>
internal sealed class HintLoss(PackedBatch batch, ModelShape shape)
{
    // One head that copies learns late: through its 64 values the pieces of a vocabulary are hardly told apart.
    private readonly (Hint.Head Kind, int Layer, int Head)[] _heads = [(Hint.Head.Copy, Last(shape, 2), 0), (Hint.Head.Find, Last(shape, 2), 1), (Hint.Head.Copy, Last(shape, 1), 0), (Hint.Head.Copy, Last(shape, 1), 1)];

    // Heads of one kind have the masks in common.
    private readonly Dictionary<HintPlan, (Tensor Seen, Tensor Wanted)> _masks = [];

    /// <summary>Over all hints; null where there is none.</summary>
    public Tensor? Sum { get; private set; }

    private static int Last(ModelShape shape, int back) => shape.AttentionLayers.SkipLast(back - 1).DefaultIfEmpty(-1).Last();

    /// <param name="layer">From 0.</param>
    /// <param name="queries">[tokens, heads, head width], scaled.</param>
    /// <param name="keys">Of the same shape.</param>
    public void Add(int layer, Tensor queries, Tensor keys)
    {
        // A small model has not all of them.
        foreach (var (kind, _, head) in _heads.Where(each => each.Layer == layer && each.Head < queries.shape[1]))
        {
            var start = 0L;
            foreach (var row in batch.Rows)
            {
                var length = row.Prefix + row.Rest;
                if (row.Hints.FirstOrDefault(plan => plan.Kind == kind) is { } plan)
                {
                    var looking = queries.select(1, head).index_select(0, tensor(plan.Looks.Select(at => start + at).ToArray()));
                    var scores = looking.matmul(keys.select(1, head).narrow(0, start, length).t()).to_type(ScalarType.Float32);
                    if (!_masks.TryGetValue(plan, out var masks))
                        _masks[plan] = masks = (tensor(plan.Seen, [plan.Looks.Length, length]), tensor(plan.Wanted, [plan.Looks.Length, length]));
                    var loss = ((scores + masks.Seen).logsumexp(1) - (scores + masks.Wanted).logsumexp(1)).sum();
                    Sum = Sum is null ? loss : Sum + loss;
                }

                start += length;
            }
        }
    }
}
