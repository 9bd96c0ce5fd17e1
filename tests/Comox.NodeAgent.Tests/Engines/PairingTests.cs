using Comox.NodeAgent.Engines;
using Comox.NodeAgent.Engines.Pairing;
using Comox.NodeAgent.Engines.Placement;
using Comox.NodeAgent.Engines.Provisioning;
using Comox.NodeAgent.Engines.VLlm;
using Comox.NodeAgent.ModelCache;
using Comox.ServiceDefaults.Contracts.Nodes;
using Microsoft.Extensions.Options;

namespace Comox.NodeAgent.Tests.Engines;

/// <summary>Which form of a model on which engine, and where it is put.</summary>
public sealed class PairingTests
{
    private static readonly EngineForm ForLlama = new(EngineKinds.LlamaCpp, new EngineArtifact("a.gguf", null, "Models:0:Artifacts:0:Model"));
    private static readonly EngineForm ForVLlm = new(EngineKinds.VLlm, new EngineArtifact("/m/a", null, "Models:0:Artifacts:1:Model"));

    [Fact]
    public void The_form_for_vllm_is_taken_where_it_runs_and_the_other_one_else()
    {
        Assert.Equal(ForVLlm, EnginePairing.Prefer([ForLlama, ForVLlm], null).Value);
        Assert.Equal(ForLlama, EnginePairing.Prefer([ForLlama, ForVLlm], "no card.").Value);
        Assert.Equal(ForLlama, EnginePairing.Prefer([ForLlama], null).Value);
        var failed = EnginePairing.Prefer([ForVLlm], "vLLM needs an NVIDIA card, and none is found on this node.");
        Assert.Equal("vLLM needs an NVIDIA card, and none is found on this node. Correct that, or name a GGUF file in Models:0:Artifacts:1:Model to serve it with llama.cpp; then restart the engine.", failed.Problem);
    }

    [Theory]
    [InlineData("/m/a.gguf", "vllm", "vLLM's support of GGUF is experimental and slow")]
    [InlineData("org/repo:Q8_0", "vllm", "vLLM's support of GGUF is experimental and slow")]
    [InlineData("/m/folder", "llama.cpp", "llama.cpp reads GGUF files alone")]
    [InlineData("/m/pytorch_model.bin", null, "is a Python pickle or may be one")]
    [InlineData("org/repo:pytorch_model.bin", null, "is a Python pickle or may be one")]
    [InlineData("/m/folder", "ollama", "Engine is 'ollama'; there are llama.cpp and vllm")]
    [InlineData("", null, "must be a path to a .gguf file or to a folder with safetensors")]
    [InlineData("/m/model.safetensors", null, "must be a path to a .gguf file or to a folder with safetensors")]
    [InlineData("/m/folder", "vllm", null)]
    [InlineData("/m/folder", null, null)]
    [InlineData("org/repo", "vllm", null)]
    [InlineData("org/repo", "llama.cpp", null)]
    [InlineData("/m/a.gguf", "llama.cpp", null)]
    public void A_wrong_pair_is_refused_at_start_with_the_reason(string model, string? engine, string? problem)
    {
        var told = NodeAgentOptions.Problems(new NodeAgentOptions { Models = [new ServedModelOptions { Model = model, Engine = engine }] }).ToList();
        if (problem is null)
            Assert.Empty(told);
        else
            Assert.Contains(problem, Assert.Single(told));
    }

    [Fact]
    public void Settings_that_contradict_each_other_are_refused()
    {
        Assert.Contains("Artifacts and also Model", Told(new ServedModelOptions { Name = "a", Model = "/m/a", Artifacts = [new ArtifactOptions { Model = "/m/b" }] }));
        Assert.Contains("Name is missing", Told(new ServedModelOptions { Artifacts = [new ArtifactOptions { Model = "/m/b" }] }));
        Assert.Contains("needs Comox:NodeAgent:Models:0:Pinned", Told(new ServedModelOptions { Model = "/m/a", Cards = [0, 1] }));
        Assert.Contains("each once", Told(new ServedModelOptions { Model = "/m/a", Cards = [0, 0] }));
        Assert.Contains("two models over card 1", Told(new ServedModelOptions { Model = "/m/a", Cards = [0, 1], Pinned = true }, new ServedModelOptions { Model = "/m/b", Cards = [1, 2], Pinned = true }));

        static string Told(params ServedModelOptions[] models) => Assert.Single(NodeAgentOptions.Problems(new NodeAgentOptions { Models = models }));
    }

    [Theory]
    [InlineData("/m/a.gguf", ModelFormats.Gguf)]
    [InlineData("org/repo:Q4_K_M", ModelFormats.Gguf)]
    [InlineData("/m/a", ModelFormats.Safetensors)]
    [InlineData("~/models/a", ModelFormats.Safetensors)]
    [InlineData("./a", ModelFormats.Safetensors)]
    [InlineData("org/repo", null)]
    public void What_a_name_says_of_the_form(string model, string? format) => Assert.Equal(format, ModelReference.Parse(model)!.Format);

    [Fact]
    public void Every_card_is_a_place_those_that_are_shared_are_one_and_the_machine_is_the_last()
    {
        var places = NodePlaces.Of([Card(0), Card(1), Card(2)], [[0, 2], [1]], hostBytes: 100);
        Assert.Equal([[1], [0, 2], []], places.Select(place => place.Cards.Select(card => card.Index)));
        Assert.Equal([0, 1, 2], places.Select(place => place.Index));
        Assert.Equal((100, true), (places[2].Bytes, places[2].IsHost));
        Assert.InRange(places[1].Bytes, 2 * places[0].Bytes - 2, 2 * places[0].Bytes + 2);
        Assert.Equal(100, Assert.Single(NodePlaces.Of([], [[]], hostBytes: 100)).Bytes);
    }

    [Fact]
    public void A_card_that_is_large_enough_comes_before_the_machine_and_a_kind_that_needs_a_card_says_so()
    {
        var places = NodePlaces.Of([Card(0), Card(1, 8)], [], hostBytes: 64L << 30);
        var vllm = new VLlmKind(null!, null!, null!, Options.Create(new NodeAgentOptions()));
        Assert.Equal([0], Of(12).Value!.Select(place => place.Index));
        Assert.Equal([0, 1], Of(4).Value!.Select(place => place.Index));
        Assert.Equal([0, 1], Of(40).Value!.Select(place => place.Index)); // Too large for each: that is told where it is asked for.
        Assert.Equal([1], Of(4, 1).Value!.Select(place => place.Index));
        Assert.Contains("The settings put it on card 7, and this node has card 0 (A card), card 1 (A card).", Of(4, 7).Problem);
        Assert.Contains("vLLM runs on NVIDIA cards alone", EnginePlacement.Of(Spec(), vllm, new EngineProgram("/x", "1"), 1, NodePlaces.Of([], [], 100)).Problem);

        Outcome<IReadOnlyList<EnginePlace>> Of(long gigabytes, params int[] cards) => EnginePlacement.Of(Spec() with { Cards = cards }, vllm, new EngineProgram("/x", "1"), gigabytes << 30, places);

        static EngineSpec Spec() => new("a", [ForVLlm.Artifact], IsPinned: false);
    }

    private static GpuStatus Card(int index, int gigabytes = 24) =>
        new() { Index = index, Name = "A card", Source = GpuSources.Nvml, MemoryTotalBytes = (long)gigabytes << 30, MemoryFreeBytes = (long)gigabytes << 30 };
}
