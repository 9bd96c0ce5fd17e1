using Comox.BuiltInModel.Export;
using Comox.BuiltInModel.Model;

namespace Comox.BuiltInModel.Training;

/// <summary><c>lora --base FOLDER|model.gguf --data persona.jsonl --out adapter.gguf [--rank 4] [--alpha 8] [--minutes 3] [--rate 0.004]</c></summary>
internal static class LoraVerb
{
    public static void Run(Options options)
    {
        var (folder, files, path) = (options.Text("base"), options.All("data"), options.Text("out"));
        var rank = options.Number("rank", 4);
        var alpha = options.Real("alpha", 2 * rank);
        var rates = new OptimizerOptions { UseMuon = false, Rate = options.Real("rate", 0.004), RestDecay = 0 };
        var training = new TrainerOptions { Log = path + ".log", Minutes = options.Real("minutes", 3), CheckpointMinutes = double.MaxValue };
        var name = options.Text("name", Path.GetFileNameWithoutExtension(path));
        var packing = new PackingOptions { BatchTokens = options.Number("batch-tokens", 2048) };
        options.NoOthers();

        var (weights, tokenizer) = ModelImport.Read(folder);
        var adapter = new LoraAdapter(weights, rank, alpha);
        var model = new Llama(weights, Precision.Fastest) { Qkv = adapter.Qkv };
        var data = new DataReader(files);
        var packer = new RowPacker(data, tokenizer, packing with { Context = weights.Shape.Context });
        Console.WriteLine(FormattableString.Invariant($"{adapter.All.Values.Sum(tensor => tensor.numel())} weights of {weights.Shape.Parameters} are trained"));
        new Trainer(new Learner(model, new Optimizer(adapter.All, rates), packing.Workers), _ => AdapterExport.Write(adapter, path, name), training, TimeProvider.System)
            .Run(packer, data, new TrainingState());
        Console.WriteLine(FormattableString.Invariant($"{path}: {new FileInfo(path).Length} bytes"));
    }
}
