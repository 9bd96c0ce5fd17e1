using System.Diagnostics;
using Comox.BuiltInModel.Model;

namespace Comox.BuiltInModel.Training;

/// <summary>
/// <c>bench [--rows 3] [--prefix 500] [--branches 16] [--workers 2] [--optimizer muon|adamw]</c> and the sizes: how fast a step is on made-up rows. On a machine that does
/// other things, too, processor time with <c>--workers 1</c> is what can be compared.
/// </summary>
internal static class Bench
{
    public static void Run(Options options)
    {
        var shape = ModelShape.From(options, options.Number("vocab", 2048));
        var precision = Precision.From(options);
        var (rows, prefix, branches, steps) = (options.Number("rows", 3), options.Number("prefix", 500), options.Number("branches", 16), options.Number("steps", 6));
        var optimizing = options.Text("optimizer", "muon");
        var workers = options.Number("workers", 2);
        options.NoOthers();
        var weights = new LlamaWeights(shape, 1);
        var model = new Llama(weights, precision);
        var learner = new Learner(model, new Optimizer(weights.All, new OptimizerOptions { UseMuon = optimizing == "muon" }), workers);
        var random = new Random(1);
        var timer = new Stopwatch();
        var (tokens, losses, processor) = (0L, 0L, TimeSpan.Zero);
        for (var step = -2; step < steps; step++)
        {
            var made = Enumerable.Range(0, rows).Select(_ => Row(random, shape.Vocabulary, prefix, branches)).ToList();
            if (step == 0)
            {
                timer.Start();
                processor = Environment.CpuUsage.TotalTime;
            }

            var outcome = learner.Learn(made, step + 3, 0.01);
            if (step >= 0)
                (tokens, losses) = (tokens + outcome.Tokens, losses + outcome.LossTokens);
        }

        var (seconds, work) = (timer.Elapsed.TotalSeconds, (Environment.CpuUsage.TotalTime - processor).TotalSeconds);
        Console.WriteLine(FormattableString.Invariant(
            $"{shape.Layers}x{shape.Width} heads {shape.Heads} {precision}: {tokens / seconds:F0} tok/s, {losses / seconds:F0} learned/s; per second of processor {tokens / work:F0} and {losses / work:F0}; step {1000 * seconds / steps:F0} ms, {tokens / steps} tokens, {optimizing}, {shape.Parameters / 1e6:F2} M"));
    }

    private static PackedRow Row(Random random, int vocabulary, int prefix, int branches)
    {
        int[] Tokens(int count) => [.. Enumerable.Range(0, count).Select(_ => random.Next(vocabulary))];
        var list = Enumerable.Range(0, branches).Select(_ => (Question: random.Next(12, 30), Reply: random.Next(12, 50))).ToList();
        return new PackedRow(Tokens(prefix), new bool[prefix],
            [.. list.Select(x => new PackedRow.Branch(Tokens(x.Question + x.Reply), [.. Enumerable.Range(0, x.Question + x.Reply).Select(at => at >= x.Question)]))]);
    }
}
