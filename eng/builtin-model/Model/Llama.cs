using TorchSharp;
using static TorchSharp.torch;

namespace Comox.BuiltInModel.Model;

/// <summary>The weights, in float32. Matrices are [out, in]; queries, keys and values are one matrix, gate and up are one, and so are the three that go into a convolution.</summary>
internal sealed class LlamaWeights
{
    private readonly SortedDictionary<string, Tensor> _all = new(StringComparer.Ordinal);

    public LlamaWeights(ModelShape shape, long seed)
    {
        Shape = shape;
        torch.manual_seed(seed);
        var (d, f) = (shape.Width, shape.FeedForward);
        Embedding = Matrix("embedding", 0.02, shape.Vocabulary, d);
        FinalNorm = Ones("final_norm", d);
        var residual = 0.02 / Math.Sqrt(2 * shape.Layers);
        Layers = [.. Enumerable.Range(0, shape.Layers).Select(layer => new Layer(
            Ones($"{layer}.attention_norm", d), Matrix(shape.IsConvolution(layer) ? $"{layer}.bcx" : $"{layer}.qkv", 0.02, 3 * d, d), Matrix($"{layer}.output", residual, d, d),
            Ones($"{layer}.feed_forward_norm", d), Matrix($"{layer}.gate_up", 0.02, 2 * f, d), Matrix($"{layer}.down", residual, d, f))
        {
            Kernel = shape.IsConvolution(layer) ? Matrix($"{layer}.kernel", 1 / Math.Sqrt(ModelShape.Taps), d, ModelShape.Taps) : null,
            QueryNorm = shape.IsHybrid && !shape.IsConvolution(layer) ? Ones($"{layer}.query_norm", shape.HeadWidth) : null,
            KeyNorm = shape.IsHybrid && !shape.IsConvolution(layer) ? Ones($"{layer}.key_norm", shape.HeadWidth) : null,
        })];
    }

    /// <param name="AttentionNorm">Before attention or convolution.</param>
    /// <param name="Inputs">Queries, keys and values; of a convolution what its input and its output are multiplied with, and the input.</param>
    /// <param name="Output">Behind it.</param>
    /// <param name="FeedForwardNorm">[width].</param>
    /// <param name="GateUp">[2 × feed-forward, width].</param>
    /// <param name="Down">[width, feed-forward].</param>
    public sealed record Layer(Tensor AttentionNorm, Tensor Inputs, Tensor Output, Tensor FeedForwardNorm, Tensor GateUp, Tensor Down)
    {
        /// <summary>[width, taps], the token itself last; null where there is attention.</summary>
        public Tensor? Kernel { get; init; }

        /// <summary>[head width]; null in a llama and in a convolution.</summary>
        public Tensor? QueryNorm { get; init; }

        public Tensor? KeyNorm { get; init; }
    }

    public ModelShape Shape { get; }

    public Tensor Embedding { get; }

    public Tensor FinalNorm { get; }

    public IReadOnlyList<Layer> Layers { get; }

    /// <summary>By name, always in the same order.</summary>
    public IReadOnlyDictionary<string, Tensor> All => _all;

    private Tensor Matrix(string name, double deviation, long rows, long columns) => Keep(name, torch.randn(rows, columns) * deviation);

    private Tensor Ones(string name, long size) => Keep(name, ones(size));

    private Tensor Keep(string name, Tensor value) => _all[name] = value.detach().requires_grad_().DetachFromDisposeScope();
}

/// <summary>The forward pass over a <see cref="PackedBatch"/>.</summary>
internal sealed class Llama(LlamaWeights weights, ScalarType precision)
{
    private readonly ModelShape _shape = weights.Shape;
    private readonly Tensor _turns = Turns(weights.Shape).DetachFromDisposeScope();
    private readonly double _scale = 1 / Math.Sqrt(weights.Shape.HeadWidth);

    public ModelShape Shape => _shape;

    /// <summary>What stands in for a layer's query, key and value matrix; null for the matrix itself. An adapter changes it.</summary>
    public Func<int, Tensor>? Qkv { get; init; }

    /// <param name="batch">What is read.</param>
    /// <param name="hints">How far heads look elsewhere than they should is added up here; null: look where you will.</param>
    /// <returns>[batch.LossCount, vocabulary], float32.</returns>
    public Tensor Logits(PackedBatch batch, HintLoss? hints = null)
    {
        var attention = new PackedAttention(batch, precision);
        var wanted = tensor(batch.LossAt);
        var turns = _turns.index_select(0, tensor(batch.Positions)).unsqueeze(1);
        (Tensor At, Tensor From)[] before = _shape.IsHybrid ? [.. Enumerable.Range(1, ModelShape.Taps - 1).Select(batch.Before).Select(places => (tensor(places.At), tensor(places.From)))] : [];
        var stream = weights.Embedding.index_select(0, tensor(batch.Tokens));
        for (var index = 0; index < _shape.Layers; index++)
        {
            var layer = weights.Layers[index];
            var input = Norm(stream, layer.AttentionNorm);
            var mixed = layer.Kernel is { } kernel ? Convolve(input, layer.Inputs, kernel, before) : Attend(index, input, turns, attention, hints);

            // Behind the last attention no token needs any other: what is left is done only where an output is asked for.
            if (index == _shape.Layers - 1)
                (stream, mixed) = (stream.index_select(0, wanted), mixed.index_select(0, wanted));
            stream = stream + Linear(mixed, layer.Output);
            var inner = Linear(Norm(stream, layer.FeedForwardNorm), layer.GateUp).chunk(2, 1);
            stream = stream + Linear(nn.functional.silu(inner[0]) * inner[1], layer.Down);
        }

        return Linear(Norm(stream, weights.FinalNorm), weights.Embedding).to_type(ScalarType.Float32);
    }

    private Tensor Attend(int layer, Tensor input, Tensor turns, PackedAttention attention, HintLoss? hints)
    {
        var all = Linear(input, Qkv?.Invoke(layer) ?? weights.Layers[layer].Inputs).view(-1, 3 * _shape.Heads, _shape.HeadWidth).split([2L * _shape.Heads, _shape.Heads], 1);
        var before = all[0].to_type(ScalarType.Float32);
        if (weights.Layers[layer] is { QueryNorm: { } ofQueries, KeyNorm: { } ofKeys })
            before = Norm(before, cat([ofQueries.expand(_shape.Heads, -1), ofKeys.expand(_shape.Heads, -1)]));
        var turned = (before.view(-1, 2 * _shape.Heads, _shape.HeadWidth / 2, 2).view_as_complex() * turns)
            .view_as_real().view(-1, 2 * _shape.Heads, _shape.HeadWidth).to_type(precision).chunk(2, 1);
        var queries = turned[0] * _scale;
        hints?.Add(layer, queries, turned[1]);
        return attention.Apply(queries, turned[1], all[1]).reshape(-1, _shape.Width);
    }

    /// <summary>Each of the widths is a mean of its values at the token and at those before it, weighted by the kernel and by what the tokens are.</summary>
    private Tensor Convolve(Tensor input, Tensor inputs, Tensor kernel, (Tensor At, Tensor From)[] before)
    {
        var parts = Linear(input, inputs).to_type(ScalarType.Float32).chunk(3, 1);
        var taps = kernel.unbind(1);
        var values = parts[0] * parts[2];
        var padded = cat([zeros(ModelShape.Taps - 1, _shape.Width), values]);
        var sum = values * taps[^1];
        for (var back = 1; back < ModelShape.Taps; back++)
        {
            // What stands before a token in the list is what it follows, but where a row or a branch begins.
            var (at, from) = before[back - 1];
            var shifted = padded.narrow(0, ModelShape.Taps - 1 - back, values.shape[0]).index_copy(0, at, padded.index_select(0, from));
            sum = sum + (shifted * taps[^(back + 1)]);
        }

        return (parts[1] * sum).to_type(precision);
    }

    private Tensor Linear(Tensor input, Tensor matrix) => nn.functional.linear(input.to_type(precision), matrix.to_type(precision));

    private Tensor Norm(Tensor input, Tensor gain)
    {
        var exact = input.to_type(ScalarType.Float32);
        return exact * ((exact * exact).mean([-1], true) + _shape.NormEpsilon).rsqrt() * gain;
    }

    /// <returns>[context, head width / 2], complex: by what a pair is turned at a position.</returns>
    private static Tensor Turns(ModelShape shape)
    {
        var pairs = shape.HeadWidth / 2;
        var speeds = tensor(Enumerable.Range(0, pairs).Select(pair => (float)Math.Pow(shape.RopeBase, -(double)pair / pairs)).ToArray());
        var angles = outer(arange(shape.Context, ScalarType.Float32), speeds);
        return complex(angles.cos(), angles.sin());
    }
}
