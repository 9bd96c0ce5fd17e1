using Comox.BuiltInModel.Export;
using Comox.BuiltInModel.Model;
using Comox.BuiltInModel.Tokenizer;

namespace Comox.BuiltInModel.Training;

/// <summary>
/// <c>train --data a.jsonl [b.jsonl …] --tokenizer tokenizer.json --out FOLDER --minutes M [--resume]</c> and the sizes; with <c>--base FOLDER|model.gguf</c> instead of tokenizer
/// and sizes it begins with the weights of another training.
/// </summary>
internal static class TrainVerb
{
    public static void Run(Options options)
    {
        var files = options.All("data");
        var folder = options.Text("out");
        var (resume, precision) = (options.Has("resume"), Precision.From(options));
        var (weights, tokenizer) = options.Has("base") ? ModelImport.Read(options.Text("base")) : New(options);
        var shape = weights.Shape;
        var hinted = options.Real("hints", 0.3);
        var packing = new PackingOptions
        {
            Context = shape.Context,
            RowTokens = options.Number("row-tokens", 2000),
            BatchTokens = options.Number("batch-tokens", 4096),
            Mixed = options.Number("mixed", 64),
            HasHints = hinted > 0,
            Workers = options.Number("workers", 2),
        };
        var (isMuon, decay) = (options.Text("optimizer", "muon") == "muon", options.Real("decay", 0.1));
        var rates = new OptimizerOptions
        {
            MatrixRate = options.Real("lr", 0.012),
            Rate = options.Real("adam-lr", isMuon ? 0.009 : 0.003),
            Decay = decay,
            RestDecay = isMuon ? 0.02 : decay,
            UseMuon = isMuon,
        };
        var trainer = new TrainerOptions { Log = Path.Combine(folder, "training.log"), Minutes = options.Real("minutes", 60), CheckpointMinutes = options.Real("checkpoint-minutes", 3), Fall = options.Real("fall", 0.1) };
        var name = options.Text("name", "comox-builtin");
        options.NoOthers();

        Directory.CreateDirectory(folder);
        if (!resume && Checkpoint.Exists(folder))
            throw new UsageException($"{folder} holds a checkpoint: go on with --resume, or take another folder.");
        var optimizer = new Optimizer(weights.All, rates);
        var tensors = weights.All.Concat(optimizer.State).ToArray();
        var state = new TrainingState();
        if (resume)
        {
            var checkpoint = Checkpoint.Read(folder, out var values);
            if (checkpoint.Shape != shape)
                throw new UsageException($"The checkpoint is of another shape: {checkpoint.Shape}.");
            if (tensors.Any(pair => !values.ContainsKey(pair.Key)) || checkpoint.Tokenizer != tokenizer.Json())
                throw new UsageException("The checkpoint is of another --optimizer or --tokenizer.");
            Checkpoint.Fill(tensors, values);
            state = checkpoint.State;
        }

        var data = new DataReader(files);
        var packer = new RowPacker(data, tokenizer, packing);
        Console.WriteLine(FormattableString.Invariant($"{shape.Parameters / 1e6:F2} million weights, {precision}, {(rates.UseMuon ? "Muon" : "AdamW")}"));
        new Trainer(new Learner(new Llama(weights, precision), optimizer, packing.Workers, hinted), now => Checkpoint.Write(folder, shape, tokenizer, now, tensors), trainer, TimeProvider.System)
            .Run(packer, data, state);
        ModelExport.Write(folder, Path.Combine(folder, "model.gguf"), name);
    }

    private static (LlamaWeights Weights, SpmTokenizer Tokenizer) New(Options options)
    {
        var tokenizer = SpmTokenizer.Load(options.Text("tokenizer"));
        return (new LlamaWeights(ModelShape.From(options, tokenizer.Pieces.Count), options.Number("seed", 1)), tokenizer);
    }
}
