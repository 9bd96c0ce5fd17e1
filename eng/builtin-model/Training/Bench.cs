using System.Diagnostics;
using Comox.BuiltInModel.Model;
using static TorchSharp.torch;

namespace Comox.BuiltInModel.Training;

/// <summary>How fast forward and backward are on made-up rows: what decides about the model's shape.</summary>
internal static class Bench
{
    public static void Run(Options options)
    {
        var shape = ModelShape.From(options, options.Number("vocab", 2048));
        var precision = options.Has("f32") ? ScalarType.Float32 : ScalarType.BFloat16;
        var (rows, prefix, branches, steps) = (options.Number("rows", 3), options.Number("prefix", 500), options.Number("branches", 16), options.Number("steps", 6));
        options.NoOthers();
        var weights = new LlamaWeights(shape, 1);
        var model = new Llama(weights, precision);
        var random = new Random(1);
        var timer = new Stopwatch();
        var (tokens, losses, forward) = (0L, 0L, 0.0);
        for (var step = -2; step < steps; step++)
        {
            using var scope = NewDisposeScope();
            var batch = new PackedBatch(Enumerable.Range(0, rows).Select(_ => Row(random, shape.Vocabulary, prefix, branches)));
            if (step == 0)
                timer.Start();
            var before = timer.Elapsed;
            var loss = nn.functional.cross_entropy(model.Logits(batch), tensor(batch.LossTargets));
            forward += step < 0 ? 0 : (timer.Elapsed - before).TotalMilliseconds;
            loss.backward();
            foreach (var weight in weights.All.Values)
                weight.grad?.zero_();
            if (step >= 0)
                (tokens, losses) = (tokens + batch.Count, losses + batch.LossCount);
        }

        var seconds = timer.Elapsed.TotalSeconds;
        Console.WriteLine(FormattableString.Invariant(
            $"{shape.Layers}x{shape.Width} heads {shape.Heads} {precision}: {tokens / seconds:F0} tok/s, {losses / seconds:F0} loss tok/s, step {1000 * seconds / steps:F0} ms (forward {forward / steps:F0}), {tokens / steps} tokens, {shape.Parameters / 1e6:F2} M"));
    }

    private static PackedRow Row(Random random, int vocabulary, int prefix, int branches)
    {
        int[] Tokens(int count) => [.. Enumerable.Range(0, count).Select(_ => random.Next(vocabulary))];
        var list = Enumerable.Range(0, branches).Select(_ => (Question: random.Next(12, 30), Reply: random.Next(12, 50))).ToList();
        return new PackedRow(Tokens(prefix), new bool[prefix],
            [.. list.Select(x => new PackedRow.Branch(Tokens(x.Question + x.Reply), [.. Enumerable.Range(0, x.Question + x.Reply).Select(at => at >= x.Question)]))]);
    }
}
