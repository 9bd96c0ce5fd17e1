using Comox.NodeAgent.ModelCache;
using Comox.ServiceDefaults.Contracts.Nodes;

namespace Comox.NodeAgent.Tests.ModelCache;

public sealed class ModelNamesTests
{
    [Theory]
    [InlineData("/models/a.gguf", true, null, null)]
    [InlineData("models/a.gguf", true, null, null)]
    [InlineData("~/a.GGUF", true, null, null)]
    [InlineData("org/repo", false, "org/repo", null)]
    [InlineData("org/repo:Q8_0", false, "org/repo", "Q8_0")]
    [InlineData("org/repo:sub/file-q8_0.gguf", false, "org/repo", "sub/file-q8_0.gguf")]
    public void A_setting_names_a_file_or_a_repository(string text, bool isFile, string? repository, string? selector)
    {
        var reference = ModelReference.Parse(text);
        if (isFile)
            Assert.True(Path.IsPathRooted(Assert.IsType<ModelReference.LocalFile>(reference).Path));
        else
            Assert.Equal(new ModelReference.OnHub(repository!, selector), reference);
    }

    [Theory]
    [InlineData("just-a-word")]
    [InlineData("org/repo/more")]
    [InlineData("../repo")]
    [InlineData("org/repo:../../etc/passwd")]
    [InlineData("https://hub/org/repo")]
    public void Anything_else_is_refused_at_start_with_the_key_named(string text)
    {
        Assert.Null(ModelReference.Parse(text));
        Assert.Contains("Comox:NodeAgent:Model", Assert.Single(NodeAgentOptions.Problems(new NodeAgentOptions { Model = text })));
    }

    [Theory]
    [InlineData("../m.gguf")]
    [InlineData("/etc/m.gguf")]
    [InlineData("a\\..\\m.gguf")]
    [InlineData("\\\\server\\m.gguf")]
    [InlineData("C:m.gguf")]
    [InlineData("m-00001-of-00003.gguf")]
    public void A_name_that_leads_out_of_the_folder_or_is_a_part_is_never_chosen(string name) => Assert.Null(GgufSelection.Choose([name], selector: null));

    [Theory]
    [InlineData(null, "m-q8_0.gguf")]
    [InlineData("Q4_K_M", "m-q4_k_m.gguf")]
    [InlineData("m-fp16.gguf", "m-fp16.gguf")]
    [InlineData("Q2_K", null)]
    [InlineData("Q6_K", "m-q6_k-00001-of-00002.gguf")]
    [InlineData("m-q6_k-00002-of-00002.gguf", "m-q6_k-00001-of-00002.gguf")]
    [InlineData("Q5_K", null)]
    [InlineData("c-00001-of-00000.gguf", "c-00001-of-00000.gguf")]
    public void A_repository_gives_the_one_file_that_is_meant(string? selector, string? chosen) =>
        Assert.Equal(chosen, GgufSelection.Choose(
            ["README.md", "m-q8_0.gguf", "m-q4_k_m.gguf", "m-fp16.gguf", "mmproj-m-q8_0.gguf", "m-q6_k-00002-of-00002.gguf", "m-q6_k-00001-of-00002.gguf", "a-q5_k-00001-of-00001.gguf", "b-q5_k-00001-of-00001.gguf", "c-00001-of-00000.gguf"], selector));

    [Theory]
    [InlineData("Qwen2.5-0.5B-Instruct-Q8_0", "qwen2.5-0.5b-instruct-q8_0")]
    [InlineData("My Model (final)", "my-model-final")]
    [InlineData("模型", "model")]
    public void The_name_for_clients_comes_from_the_file(string file, string name) => Assert.Equal(name, EngineModels.Slug(file));

    [Theory]
    [InlineData(256)]
    [InlineData(512)]
    [InlineData(2048)]
    [InlineData(4096)]
    [InlineData(32768)]
    public void A_profile_fits_its_context(int context)
    {
        var profile = PromptProfiles.ForContext(context);
        Assert.Equal(context, profile.PromptTokens + profile.ReplyTokens);
        Assert.True(profile.ReplyTokens >= 64 && profile.MemoryLines >= 4 && profile.HistoryTurns >= 6);
    }

    [Fact]
    public void A_context_of_4096_is_the_standard_profile() => Assert.Equal(PromptProfile.Standard with { HistoryTurns = 200 }, PromptProfiles.ForContext(4096));

    [Fact]
    public void Wrong_options_are_all_told_at_once()
    {
        var problems = NodeAgentOptions.Problems(new NodeAgentOptions { Name = "", Slots = 0, Threads = 0, ContextTokens = 1, Hub = new Uri("ftp://x") }).ToList();
        Assert.Equal(5, problems.Count);
        Assert.All(problems, problem => Assert.Contains("Comox:NodeAgent:", problem));
    }
}
