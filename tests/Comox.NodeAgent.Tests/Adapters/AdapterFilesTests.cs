using Comox.NodeAgent.Adapters;
using Comox.NodeAgent.Engines;
using Comox.NodeAgent.ModelCache;
using Comox.NodeAgent.Tests.ModelCache;

namespace Comox.NodeAgent.Tests.Adapters;

/// <summary>What is wrong with an adapter is found before an engine fails with it.</summary>
public sealed class AdapterFilesTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("comox-adapters-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void A_lora_for_the_model_is_read_with_its_rank()
    {
        var read = AdapterFiles.Read(TestAdapters.Gguf(At("a.gguf")), BuiltIn());
        Assert.True(read.IsSuccess, read.Problem);
        Assert.Equal(4, read.Value!.Rank);
        Assert.Equal(new FileInfo(At("a.gguf")).Length, read.Value.SizeBytes);
    }

    [Fact]
    public void One_for_another_model_is_told_from_it()
    {
        var first = TestAdapters.Layers[0];
        Assert.Equal($"its shape of blk.{first}.attn_q.weight is another than the model's, so it was made for another model", AdapterFiles.Read(TestAdapters.Gguf(At("b.gguf"), width: 64), BuiltIn()).Problem);
        Assert.Equal($"it is for models of the architecture qwen2, and this one is {TestAdapters.BuiltIn.Architecture}", AdapterFiles.Read(TestAdapters.Gguf(At("c.gguf"), architecture: "qwen2"), BuiltIn()).Problem);
        Assert.Equal($"it changes blk.{first}.ffn_gate_exps.weight, which the model does not have", AdapterFiles.Read(TestAdapters.Gguf(At("d.gguf"), tensor: "ffn_gate_exps"), BuiltIn()).Problem);
        Assert.Equal("it is no LoRA adapter", AdapterFiles.Read(BuiltInPath, BuiltIn()).Problem);
        File.WriteAllBytes(At("e.gguf"), GgufFileTests.TinyGguf()[..40]);
        Assert.Equal("it is cut short", AdapterFiles.Read(At("e.gguf"), BuiltIn()).Problem);
    }

    [Fact]
    public void A_peft_folder_is_read_with_its_rank_and_what_is_missing_is_named()
    {
        var model = new SafetensorsInfo { Architecture = "LlamaForCausalLM", Weights = [] };
        Assert.Equal(16, AdapterFiles.Read(TestAdapters.Peft(_folder, "good"), model).Value!.Rank);
        Assert.Equal("its adapter_config.json is not that of a LoRA", AdapterFiles.Read(TestAdapters.Peft(_folder, "other", type: "PROMPT_TUNING"), model).Problem);
        var broken = TestAdapters.Peft(_folder, "broken");
        File.WriteAllBytes(Path.Combine(broken, "adapter_model.safetensors"), [1, 2, 3]);
        Assert.Equal("adapter_model.safetensors is not a safetensors file", AdapterFiles.Read(broken, model).Problem);
        var pickle = TestAdapters.Peft(_folder, "pickle");
        File.Move(Path.Combine(pickle, "adapter_model.safetensors"), Path.Combine(pickle, "adapter_model.bin"));
        Assert.Contains("Python pickle", AdapterFiles.Read(pickle, model).Problem);
        Assert.Equal("it has no adapter_config.json", AdapterFiles.Read(_folder, model).Problem);
    }

    [Theory]
    [InlineData("""{"peft_type":"LORA","r":"16"}""")]
    [InlineData("""{"peft_type":7,"r":16}""")]
    [InlineData("""{"peft_type":"LORA","r":16,"rank_pattern":{"q_proj":8.5}}""")]
    public void A_config_with_values_of_another_kind_is_a_damaged_adapter(string config)
    {
        var folder = TestAdapters.Peft(_folder, "odd");
        File.WriteAllText(Path.Combine(folder, "adapter_config.json"), config);
        Assert.Equal("one of its JSON files is damaged", AdapterFiles.Read(folder, new SafetensorsInfo { Architecture = "LlamaForCausalLM", Weights = [] }).Problem);
    }

    [Fact]
    public void Settings_are_checked_as_far_as_names_tell_all_at_once()
    {
        var problems = NodeAgentOptions.Problems(new NodeAgentOptions
        {
            Models =
            [
                new ServedModelOptions
                {
                    Model = "/m/ada.gguf", Name = "ada", AdaptersAtOnce = 8, AdaptersHeld = 2,
                    Adapters = [new() { Name = "ada", Model = "/m/peft" }, new() { Name = "", Model = "x y", Scale = 0 }],
                },
                new ServedModelOptions { Model = "/m/folder", Name = "brine", Adapters = [new() { Name = "twice", Model = "/m/a.gguf" }, new() { Name = "twice", Model = "org/repo" }] },
            ],
        }).ToList();
        Assert.Contains(problems, problem => problem.StartsWith("Comox:NodeAgent:Models:0:Adapters:0:Model is a folder, and its model is served by llama.cpp.", StringComparison.Ordinal));
        Assert.Contains(problems, problem => problem.StartsWith("Comox:NodeAgent:Models:0:Adapters:1:Name is ''", StringComparison.Ordinal));
        Assert.Contains(problems, problem => problem.StartsWith("Comox:NodeAgent:Models:0:Adapters:1:Scale is 0", StringComparison.Ordinal));
        Assert.Contains(problems, problem => problem.StartsWith("Comox:NodeAgent:Models:0:Adapters:1:Model must be a path", StringComparison.Ordinal));
        Assert.Contains(problems, problem => problem.StartsWith("Comox:NodeAgent:Models:0:AdaptersAtOnce must be", StringComparison.Ordinal));
        Assert.Contains(problems, problem => problem.StartsWith("Comox:NodeAgent:Models:1:Adapters:0:Model is a GGUF file, and its model is served by vllm.", StringComparison.Ordinal));
        Assert.Contains("Comox:NodeAgent:Models names 'ada' more than once; a client that sends it as model means one model or one adapter.", problems);
        Assert.Contains(problems, problem => problem.Contains("names 'twice' more than once", StringComparison.Ordinal));
        Assert.Equal(8, problems.Count);
    }

    private static string BuiltInPath => Path.Combine(AppContext.BaseDirectory, "nodeagent", BuiltInModel.FileName);

    private static GgufInfo BuiltIn() => TestAdapters.BuiltIn;

    private string At(string name) => Path.Combine(_folder, name);
}
