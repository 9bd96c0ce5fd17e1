using Comox.NodeAgent.Engines.Pairing;
using Comox.NodeAgent.ModelCache;
using Comox.NodeAgent.Tests.VLlm;
using Comox.ServiceDefaults.Contracts.Nodes;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace Comox.NodeAgent.Tests.ModelCache;

/// <summary>What the folder of a model says, and on which cards vLLM may serve it.</summary>
public sealed class SafetensorsTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("comox-safetensors-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Its_figures_come_from_the_config_and_the_heads_of_the_weights()
    {
        var model = Read(TestModels.Folder(_folder, "ada"));
        Assert.Equal("LlamaForCausalLM", model.Architecture);
        Assert.Equal(48, model.Parameters);
        Assert.Equal(2048, model.ContextTokens);
        Assert.Equal(2 * 2 * 16 * 4, model.KeyValueBytesPerToken); // layers × heads × their length × keys and values of two bytes
        Assert.Equal(("bfloat16", null), (model.DataType, model.Quantization));
        Assert.True(model.HasChatTemplate);
        Assert.Equal(new FileInfo(Assert.Single(model.Weights)).Length, model.SizeBytes);
    }

    [Fact]
    public void Of_a_model_in_parts_the_index_says_which_there_are()
    {
        var folder = TestModels.Folder(_folder, "ada");
        File.Delete(Path.Combine(folder, "model.safetensors"));
        TestModels.Weights(Path.Combine(folder, "model-00001-of-00002.safetensors"), ("a", "F16", [10]));
        File.WriteAllText(Path.Combine(folder, "model.safetensors.index.json"), """{"weight_map":{"a":"model-00001-of-00002.safetensors","b":"model-00002-of-00002.safetensors"}}""");
        Assert.False(Safetensors.TryRead(folder, out _, out var problem));
        Assert.Equal("model-00002-of-00002.safetensors is missing", problem);

        TestModels.Weights(Path.Combine(folder, "model-00002-of-00002.safetensors"), ("b", "F16", [5]));
        Assert.Equal((15, 2), (Read(folder).Parameters, Read(folder).Weights.Count));
    }

    [Theory]
    [InlineData("nothing", "it has no config.json")]
    [InlineData("adapter", "it is an adapter and no model of its own")]
    [InlineData("pickle", "its weights are Python pickles (pytorch_model.bin)")]
    [InlineData("empty", "it has no file *.safetensors")]
    [InlineData("cut", "model.safetensors is cut short")]
    [InlineData("garbage", "model.safetensors is not a safetensors file")]
    [InlineData("json", "one of its JSON files is damaged")]
    [InlineData("head", "one of its JSON files is damaged")]
    [InlineData("shape", "one of its JSON files is damaged")]
    [InlineData("index", "one of its JSON files is damaged")]
    public void What_cannot_be_served_says_why(string what, string problem)
    {
        var folder = TestModels.Folder(_folder, "ada");
        var (weights, config) = (Path.Combine(folder, "model.safetensors"), Path.Combine(folder, "config.json"));
        switch (what)
        {
            case "nothing":
                File.Delete(config);
                break;
            case "adapter":
                File.Move(config, Path.Combine(folder, "adapter_config.json"));
                break;
            case "pickle":
                File.Move(weights, Path.Combine(folder, "pytorch_model.bin"));
                break;
            case "empty":
                File.Delete(weights);
                break;
            case "cut":
                File.WriteAllBytes(weights, File.ReadAllBytes(weights)[..^1]);
                break;
            case "garbage":
                File.WriteAllText(weights, "this is text and no head of a file");
                break;
            case "json":
                File.WriteAllText(config, "{");
                break;
            case "head":
                File.WriteAllBytes(weights, [2, 0, 0, 0, 0, 0, 0, 0, .. "[]"u8]);
                break;
            case "shape":
                var head = """{"a":{"dtype":"F16","shape":[1.5],"data_offsets":[0,2]}}"""u8;
                File.WriteAllBytes(weights, [(byte)head.Length, 0, 0, 0, 0, 0, 0, 0, .. head, 0, 0]);
                break;
            case "index":
                File.WriteAllText(Path.Combine(folder, Safetensors.IndexName), """{"weight_map":{"a":1}}""");
                break;
        }

        Assert.False(Safetensors.TryRead(folder, out _, out var told));
        Assert.StartsWith(problem, told, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{")]
    [InlineData("[]")]
    [InlineData("""{"weight_map":{"a":1}}""")]
    public void A_snapshot_with_a_damaged_index_is_no_whole_model(string index)
    {
        var snapshots = Path.Combine(_folder, "models--org--ada", "snapshots");
        var snapshot = TestModels.Folder(snapshots, "main");
        Assert.Equal(snapshot, new HubCache(_folder).FindFolder("org/ada"));
        File.WriteAllText(Path.Combine(snapshot, Safetensors.IndexName), index);
        Assert.Null(new HubCache(_folder).FindFolder("org/ada"));
    }

    private const string Fp8Both = """{"quant_method":"compressed-tensors","config_groups":{"group_0":{"weights":{"num_bits":8,"type":"float"},"input_activations":{"num_bits":8,"type":"float"}}}}""";
    private const string Fp8Weights = """{"quant_method":"compressed-tensors","config_groups":{"group_0":{"weights":{"num_bits":8,"type":"float"},"input_activations":null}}}""";
    private const string Int8Both = """{"quant_method":"compressed-tensors","config_groups":{"group_0":{"weights":{"num_bits":8,"type":"int"},"input_activations":{"num_bits":8,"type":"int"}}}}""";
    private const string Int4Weights = """{"quant_method":"compressed-tensors","config_groups":{"group_0":{"weights":{"num_bits":4,"type":"int"},"input_activations":null}}}""";
    private const string Fp8Static = """{"quant_method":"fp8","activation_scheme":"static"}""";
    private const string Fp8Dynamic = """{"quant_method":"fp8","activation_scheme":"dynamic"}""";
    private const string Awq = """{"quant_method":"awq","bits":4}""";
    private const string Gptq = """{"quant_method":"gptq","bits":8}""";

    [Theory]
    [InlineData(Fp8Both, "8.6", null)]
    [InlineData(Fp8Static, "8.6", null)]
    [InlineData(Fp8Both, "7.5", "FP8 W8A8 needs a card of compute capability 8.0")]
    [InlineData(Fp8Both, "8.9", null)]
    [InlineData(Fp8Both, "9.0", null)]
    [InlineData(Fp8Both, "12.0", null)]
    [InlineData(Fp8Weights, "8.6", null)]
    [InlineData(Fp8Dynamic, "8.6", null)]
    [InlineData(Fp8Dynamic, "7.5", "FP8 weights needs a card of compute capability 8.0")]
    [InlineData(Int8Both, "7.5", null)]
    [InlineData(Int8Both, "8.6", null)]
    [InlineData(Int4Weights, "8.6", null)]
    [InlineData(Int4Weights, "7.5", "INT4 weights needs a card of compute capability 8.0")]
    [InlineData(Awq, "7.5", null)]
    [InlineData(Awq, "7.0", "AWQ 4-bit needs a card of compute capability 7.5")]
    [InlineData(Gptq, "6.1", "GPTQ 8-bit needs a card of compute capability 7.5")]
    [InlineData(null, "7.5", "A model in bfloat16 needs a card of compute capability 8.0")]
    [InlineData(null, "8.6", null)]
    [InlineData("""{"quant_method":"something-new"}""", "8.6", null)]
    [InlineData("""{"quant_method":"something-new"}""", "6.1", "vLLM needs a card of compute capability 7.0")]
    [InlineData(Fp8Both, null, null)]
    public void Which_quantization_runs_on_which_card(string? quantization, string? capability, string? refusal)
    {
        var model = Read(TestModels.Folder(_folder, "ada", quantization));
        var told = PairingRules.VLlmRefusal(model, [new GpuStatus { Index = 0, Name = "A card", Source = GpuSources.Nvml, ComputeCapability = capability }]);
        if (refusal is null)
            Assert.Null(told);
        else
            Assert.StartsWith(refusal, told, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_repository_in_safetensors_is_fetched_whole_and_without_its_pickles_and_found_again()
    {
        var source = TestModels.Folder(_folder, "source");
        var files = Directory.GetFiles(source).Select(file => (Path.GetFileName(file), File.ReadAllBytes(file))).Append(("pytorch_model.bin", [1, 2, 3])).Append(("README.md", [4])).ToArray();
        await using var hub = await TestHub.StartAsync(files);
        await using var agent = await RunningAgent.StartAsync(new()
        {
            ["Comox:NodeAgent:EnginePath"] = "/nowhere", ["Comox:NodeAgent:Offline"] = "false", ["HF_ENDPOINT"] = hub.Address.ToString(),
        });
        var library = agent.Services.GetRequiredService<ModelLibrary>();
        var wanted = ModelReference.Parse("org/model")!;

        Assert.Equal(ModelFormats.Safetensors, (await library.FormatOfAsync(wanted, TestContext.Current.CancellationToken)).Value);
        var chosen = await library.ChooseAsync("org/model", "Comox:NodeAgent:Models:0:Model", ModelFormats.Safetensors, [], (_, _) => { }, TestContext.Current.CancellationToken);
        Assert.True(chosen.IsSuccess, chosen.Problem);
        Assert.Equal(["config.json", "model.safetensors", "tokenizer_config.json"], Directory.GetFiles(chosen.Value.Path).Select(Path.GetFileName).Order());
        Assert.Equal(48, chosen.Value.Info.Parameters);

        // From now on without the hub, and its weights are not evicted while an engine has them.
        hub.Instead = (context, _) => { context.Abort(); return Task.FromResult(true); };
        var again = await library.ChooseAsync("org/model", "Comox:NodeAgent:Models:0:Model", ModelFormats.Safetensors, [], (_, _) => { }, TestContext.Current.CancellationToken);
        Assert.Equal(chosen.Value.Path, again.Value!.Path);
        Assert.True(agent.Services.GetRequiredService<BlobLeases>().IsTaken(BlobLeases.Resolve(again.Value.Weights[0])));
        Assert.Equal(ModelFormats.Safetensors, (await library.FormatOfAsync(wanted, TestContext.Current.CancellationToken)).Value);
    }

    [Fact]
    public async Task One_whose_download_was_interrupted_is_fetched_to_its_end_and_not_taken_for_a_whole_one()
    {
        var source = TestModels.Folder(_folder, "source");
        File.Delete(Path.Combine(source, "model.safetensors"));
        TestModels.Weights(Path.Combine(source, "model-00001-of-00002.safetensors"), ("a", "F16", [10]));
        TestModels.Weights(Path.Combine(source, "model-00002-of-00002.safetensors"), ("b", "F16", [5]));
        File.WriteAllText(Path.Combine(source, "model.safetensors.index.json"), """{"weight_map":{"a":"model-00001-of-00002.safetensors","b":"model-00002-of-00002.safetensors"}}""");
        await using var hub = await TestHub.StartAsync([.. Directory.GetFiles(source).Order(StringComparer.Ordinal).Select(file => (Path.GetFileName(file), File.ReadAllBytes(file)))]);
        await using var agent = await RunningAgent.StartAsync(new()
        {
            ["Comox:NodeAgent:EnginePath"] = "/nowhere", ["Comox:NodeAgent:Offline"] = "false", ["HF_ENDPOINT"] = hub.Address.ToString(),
        });
        Task<Outcome<ChosenModel>> ChooseAsync() => agent.Services.GetRequiredService<ModelLibrary>()
            .ChooseAsync("org/model", "Comox:NodeAgent:Models:0:Model", ModelFormats.Safetensors, [], (_, _) => { }, TestContext.Current.CancellationToken);

        hub.Instead = (context, _) =>
        {
            if (context.Request.Path.Value!.Contains("00002-of", StringComparison.Ordinal))
                context.Response.StatusCode = StatusCodes.Status404NotFound;
            return Task.FromResult(context.Response.StatusCode == StatusCodes.Status404NotFound);
        };
        Assert.False((await ChooseAsync()).IsSuccess);
        hub.Instead = null;
        var chosen = await ChooseAsync();
        Assert.True(chosen.IsSuccess, chosen.Problem);
        Assert.Equal(Directory.GetFiles(source).Select(Path.GetFileName).Order(), Directory.GetFiles(chosen.Value.Path).Select(Path.GetFileName).Order());
    }

    private static SafetensorsInfo Read(string folder) => Safetensors.TryRead(folder, out var info, out var problem) ? info : throw new InvalidDataException(problem);
}
