using Comox.BuiltInModel.Export;
using Comox.BuiltInModel.Model;
using Comox.BuiltInModel.Training;
using static TorchSharp.torch;

namespace Comox.BuiltInModel.SelfTest;

/// <summary>Packed rows learn what the examples learn one by one, and a training that goes on finds its place.</summary>
internal static class PackingTest
{
    public static void Run(string folder, List<Conversation> conversations, IReadOnlyList<string> files)
    {
        var (weights, tokenizer) = ModelImport.Read(folder);
        var data = new DataReader(files);
        var packer = new RowPacker(data, tokenizer, new PackingOptions { BatchTokens = 3000, HasHints = true, Mixed = 1 });
        var sources = new Sources(tokenizer);
        // Up to the end of an encounter.
        var batches = new List<RowPacker.Batch>();
        foreach (var batch in packer.From(DataPlace.Beginning))
        {
            batches.Add(batch);
            if (batches.Count >= 3 && batch.Next.Rows == 0)
                break;
        }

        var count = batches.Sum(batch => batch.Examples);
        var examples = files.SelectMany(File.ReadLines).Take(count).Select(line => Conversation.Parse(line).Encode(tokenizer)).Select(example => example with { Hints = sources.Of(example.Tokens, example.Learned) }).ToList();

        var apart = Loss(weights, examples.Select(example => RowPacker.Pack([example])));
        var packed = Loss(weights, batches.SelectMany(batch => batch.Rows));
        var difference = weights.All.Keys.Max(name => (apart.Gradients[name] - packed.Gradients[name]).abs().max().item<float>() / apart.Gradients[name].abs().max().item<float>());
        SelfTestVerb.Check(
            apart.Tokens == packed.Tokens && Math.Abs(apart.Loss - packed.Loss) < 1e-4 * apart.Loss && apart.Hints > 0 && Math.Abs(apart.Hints - packed.Hints) < 1e-4 * apart.Hints && difference < 1e-3,
            $"{count} examples in {batches.Sum(batch => batch.Rows.Count)} rows ({examples.Sum(example => example.Tokens.Length)} tokens as {batches.Sum(batch => batch.Rows.Sum(row => row.Length))}): loss {packed.Loss:F5}, one by one {apart.Loss:F5} over {apart.Tokens} tokens; of the hints {packed.Hints:F5} and {apart.Hints:F5}; gradients differ by {difference:E1} of the largest at most");
        Turns(weights, conversations.SelectMany(conversation => Prefixes(conversation)).Take(60).Select(conversation => conversation.Encode(tokenizer)).ToList());

        LargeScores(weights, batches[0].Rows);
        Cut();

        var mixing = new RowPacker(data, tokenizer, new PackingOptions { BatchTokens = 3000 });
        var mixed = mixing.From(DataPlace.Beginning).Take(2).ToList();
        var again = mixing.From(mixed[0].Next).First();
        SelfTestVerb.Check(
            again.Rows.SelectMany(Tokens).SequenceEqual(mixed[1].Rows.SelectMany(Tokens)) && again.Next == mixed[1].Next,
            $"reading goes on at row {mixed[0].Next.Rows} of the block at byte {mixed[0].Next.Offset} with the batch that followed");
        var last = new DataPlace(0, files.Count - 1, new FileInfo(files[^1]).Length);
        SelfTestVerb.Check(data.From(last).First().Place == new DataPlace(1, 0, 0), $"after the last line comes the first one of the second round");
    }

    /// <summary>Scores far beyond 88, where the exponential of a float32 ends.</summary>
    private static void LargeScores(LlamaWeights weights, IReadOnlyList<PackedRow> rows)
    {
        void Scale(double by)
        {
            using var none = no_grad();
            foreach (var layer in weights.Layers.Where(layer => layer.Kernel is null))
                layer.Inputs.mul_(by);
        }

        Scale(64);
        var (loss, _, _, gradients) = Loss(weights, rows);
        Scale(1.0 / 64);
        SelfTestVerb.Check(
            double.IsFinite(loss) && gradients.Values.All(gradient => gradient.isfinite().all().item<bool>()), $"with large attention scores the loss is {loss:F2} and all gradients are numbers");
    }

    /// <summary>One prompt of six that differs early is a row of its own, wherever it stands.</summary>
    private static void Cut()
    {
        static Example Made(int ending, int alike) => new([.. Enumerable.Range(0, 400).Select(at => at < alike ? at : 1000 + at), .. Enumerable.Range(0, 30).Select(at => 5000 + (100 * ending) + at)], new bool[430]);
        var rows = RowPacker.Cut(Enumerable.Range(0, 6).Select(ending => Made(ending, ending == 1 ? 100 : 400)), 2000).Select(RowPacker.Pack).ToList();
        SelfTestVerb.Check(rows.Count == 2 && rows.Sum(row => row.Length) == 400 + (5 * 30) + 430, $"six prompts of 430 tokens, one of which differs after 100, are {rows.Count} rows of {rows.Sum(row => row.Length)} tokens");
    }

    /// <summary>A reply that one example learns lies in the history of the next, which does not learn it.</summary>
    private static void Turns(LlamaWeights weights, List<Example> examples)
    {
        var (apart, packed) = (Loss(weights, examples.Select(example => RowPacker.Pack([example]))), Loss(weights, Grouped(examples).Select(RowPacker.Pack)));
        SelfTestVerb.Check(
            apart.Tokens == packed.Tokens && Math.Abs(apart.Loss - packed.Loss) < 1e-4 * apart.Loss,
            $"conversations turn by turn: {packed.Tokens} learned tokens with loss {packed.Loss:F5}, one by one {apart.Tokens} with {apart.Loss:F5}");
    }

    private static IEnumerable<Conversation> Prefixes(Conversation whole) =>
        Enumerable.Range(1, whole.Messages.Count).Where(length => whole.Messages[length - 1].Role == "assistant").Select(length => new Conversation(
            [.. whole.Messages.Take(length).Select((message, index) => message with { Learned = index == length - 1 })]));

    private static IEnumerable<List<Example>> Grouped(List<Example> examples)
    {
        var group = new List<Example>();
        foreach (var example in examples)
        {
            if (group.Count > 0 && group[0].Tokens.Length >= example.Tokens.Length)
            {
                yield return group;
                group = [];
            }

            group.Add(example);
        }

        yield return group;
    }

    private static IEnumerable<int> Tokens(PackedRow row) => row.Prefix.Concat(row.Branches.SelectMany(branch => branch.Tokens));

    /// <returns>The mean loss of all rows' learned tokens, that of their hints, and the gradients of both together.</returns>
    private static (double Loss, double Hints, int Tokens, Dictionary<string, Tensor> Gradients) Loss(LlamaWeights weights, IEnumerable<PackedRow> rows)
    {
        var model = new Llama(weights, ScalarType.Float32);
        foreach (var weight in weights.All.Values)
            weight.grad?.zero_();
        var (sum, hinted, tokens) = (0.0, 0.0, 0);
        foreach (var some in rows.Chunk(4))
        {
            using var scope = NewDisposeScope();
            var batch = new PackedBatch(some);
            if (batch.LossCount == 0)
                continue;
            var hints = new HintLoss(batch, weights.Shape);
            var loss = nn.functional.cross_entropy(model.Logits(batch, hints), tensor(batch.LossTargets), reduction: nn.Reduction.Sum);
            (hints.Sum is { } missed ? loss + missed : loss).backward();
            (sum, hinted, tokens) = (sum + loss.item<float>(), hinted + (hints.Sum?.item<float>() ?? 0), tokens + batch.LossCount);
        }

        return (sum / tokens, hinted / tokens, tokens, weights.All.ToDictionary(pair => pair.Key, pair => pair.Value.grad!.clone() / tokens));
    }
}
