using Comox.BuiltInModel;
using Comox.BuiltInModel.Export;
using Comox.BuiltInModel.SelfTest;
using Comox.BuiltInModel.Tokenizer;
using Comox.BuiltInModel.Training;
using TorchSharp;

var verbs = new SortedDictionary<string, Action<Options>>
{
    ["tokenizer"] = TokenizerVerb.Run,
    ["train"] = TrainVerb.Run,
    ["export"] = ModelExport.Run,
    ["lora"] = LoraVerb.Run,
    ["bench"] = Bench.Run,
    ["selftest"] = SelfTestVerb.Run,
};
try
{
    if (args.Length == 0 || !verbs.TryGetValue(args[0], out var run))
        throw new UsageException("The first word must be one of: " + string.Join(", ", verbs.Keys) + ". README.md has examples.");
    var options = new Options(args.Skip(1));
    torch.set_num_threads(options.Number("threads", 1));
    run(options);
    return 0;
}
catch (Exception problem) when (problem is UsageException or InvalidDataException or IOException)
{
    Console.Error.WriteLine(problem.Message);
    return 1;
}
