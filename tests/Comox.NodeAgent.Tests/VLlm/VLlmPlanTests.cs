using Comox.NodeAgent.Adapters;
using Comox.NodeAgent.Engines;
using Comox.NodeAgent.Engines.Placement;
using Comox.NodeAgent.Engines.Provisioning;
using Comox.NodeAgent.Engines.VLlm;
using Comox.NodeAgent.ModelCache;
using Comox.ServiceDefaults.Contracts.Nodes;
using Microsoft.Extensions.Options;

namespace Comox.NodeAgent.Tests.VLlm;

/// <summary>One start of vLLM, as data, and what its last words mean.</summary>
public sealed class VLlmPlanTests
{
    private static readonly GpuStatus Card = new() { Index = 1, Name = "NVIDIA GeForce RTX 3090", Source = GpuSources.Nvml, MemoryTotalBytes = 24L << 30 };

    [Fact]
    public void It_has_the_flags_and_the_variables_of_the_service_and_no_key()
    {
        var plan = Plan(Spec(), new NodeAgentOptions { Slots = 16, ContextTokens = 2048 }, bytes: 12L << 30);
        Assert.Equal(["serve", "/m/ada", "--served-model-name", "ada"], plan.Arguments.Take(4));
        Assert.Equal("127.0.0.1", After(plan, "--host"));
        Assert.Equal("4711", After(plan, "--port"));
        Assert.Equal("16", After(plan, "--max-num-seqs"));
        Assert.Equal("2048", After(plan, "--max-model-len"));
        Assert.Equal("0.50", After(plan, "--gpu-memory-utilization"));
        Assert.Equal("1", After(plan, "--tensor-parallel-size"));
        Assert.Equal("4", After(plan, "--shutdown-timeout"));
        Assert.Equal(("1", "PCI_BUS_ID", "1"), (plan.Environment["CUDA_VISIBLE_DEVICES"], plan.Environment["CUDA_DEVICE_ORDER"], plan.Environment["HF_HUB_OFFLINE"]));
        Assert.Equal("1", plan.Environment["SPT_NOENV"]); // Else nothing is left in /proc/PID/environ to know its workers by.
        Assert.Equal("VLLM_API_KEY", plan.KeyVariable);
        Assert.DoesNotContain("--api-key", plan.Arguments);
        Assert.DoesNotContain("VLLM_API_KEY", plan.Environment.Keys);
        Assert.DoesNotContain("--enable-lora", plan.Arguments);
        Assert.Equal(("media.invalid", "0"), (After(plan, "--allowed-media-domains"), plan.Environment["VLLM_MEDIA_URL_ALLOW_REDIRECTS"]));
    }

    [Fact]
    public void It_can_sleep_unless_it_is_pinned_or_that_is_switched_off()
    {
        Assert.True(Sleeps(Plan(Spec(), new NodeAgentOptions())));
        Assert.False(Sleeps(Plan(Spec(pinned: true), new NodeAgentOptions())));
        Assert.False(Sleeps(Plan(Spec(), new NodeAgentOptions { Swapping = new() { Sleep = false } })));

        static bool Sleeps(LaunchPlan plan)
        {
            Assert.Equal(plan.Arguments.Contains("--enable-sleep-mode"), plan.Environment.ContainsKey("VLLM_SERVER_DEV_MODE"));
            return plan.Arguments.Contains("--enable-sleep-mode");
        }
    }

    [Fact]
    public void It_takes_tools_and_sets_thinking_apart_where_the_settings_say_how()
    {
        var plan = Plan(Spec() with { Parsers = ("hermes", "qwen3") }, new NodeAgentOptions());
        Assert.Contains("--enable-auto-tool-choice", plan.Arguments);
        Assert.Equal(("hermes", "qwen3"), (After(plan, "--tool-call-parser"), After(plan, "--reasoning-parser")));
        Assert.DoesNotContain(Plan(Spec(), new NodeAgentOptions()).Arguments, argument => argument.Contains("parser", StringComparison.Ordinal) || argument.Contains("tool", StringComparison.Ordinal));
        var options = new NodeAgentOptions { Models = [new() { Model = "/m/ada", ToolParser = "hermes" }, new() { Model = "/m/bea", ReasoningParser = "qwen 3" }] };
        Assert.Equal([("hermes", null), (null, "qwen 3")], EngineSpec.Of(options).Select(spec => spec.Parsers));
        Assert.StartsWith("Comox:NodeAgent:Models:1:ReasoningParser is 'qwen 3'", Assert.Single(EngineSpec.Problems(options)));
    }

    [Fact]
    public void It_has_room_for_adapters_where_the_engine_is_to_have_some()
    {
        var plan = Plan(Spec() with { AdapterLimits = (4, 32) }, new NodeAgentOptions(), adapters: [Adapter("a", 4), Adapter("b", 12), Adapter("c", 64) with { Problem = "It is broken." }]);
        Assert.Contains("--enable-lora", plan.Arguments);
        Assert.Equal(("4", "32", "16"), (After(plan, "--max-loras"), After(plan, "--max-cpu-loras"), After(plan, "--max-lora-rank")));
        Assert.Equal("True", plan.Environment["VLLM_ALLOW_RUNTIME_LORA_UPDATING"]);
        var many = Plan(Spec(), new NodeAgentOptions(), adapters: [.. Enumerable.Range(0, 20).Select(number => Adapter($"a{number}", 8))]);
        Assert.Equal(("4", "16", "8"), (After(many, "--max-loras"), After(many, "--max-cpu-loras"), After(many, "--max-lora-rank")));
        Assert.DoesNotContain("--enable-lora", Plan(Spec(), new NodeAgentOptions(), adapters: [Adapter("c", 8) with { Problem = "It is broken." }]).Arguments);
    }

    [Theory]
    [InlineData("0.17.2", false)]
    [InlineData("0.18.0", true)]
    [InlineData("0.18.1rc2.dev3+g0a1b2c3", true)]
    [InlineData("1.0.0", true)]
    [InlineData("dev", false)]
    public void An_older_one_gets_no_flag_that_it_would_refuse(string version, bool knows) =>
        Assert.Equal(knows, Plan(Spec(), new NodeAgentOptions(), version: version).Arguments.Contains("--shutdown-timeout"));

    [Theory]
    [InlineData(12L << 30, 1, 0.5)]
    [InlineData(12L << 30, 2, 0.25)]
    [InlineData(1L << 20, 1, 0.05)]
    [InlineData(40L << 30, 1, 0.95)]
    public void The_share_of_the_card_follows_from_the_bytes_it_was_given(long bytes, int cards, double share) =>
        Assert.Equal(share, VLlmMemory.Utilization(bytes, [.. Enumerable.Repeat(Card, cards)]));

    [Fact]
    public void The_first_exception_is_the_reason_and_its_consequences_are_not()
    {
        string[] lines =
        [
            "(EngineCore_DP0 pid=123) INFO 06-03 12:30:40 [core.py:84] Initializing a V1 LLM engine",
            "(EngineCore_DP0 pid=123) ERROR 06-03 12:30:47 [core.py:1165] EngineCore failed to start.",
            "(EngineCore_DP0 pid=123) ERROR 06-03 12:30:47 [core.py:1165] Traceback (most recent call last):",
            "(EngineCore_DP0 pid=123) ERROR 06-03 12:30:47 [core.py:1165] torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB.",
            "(EngineCore_DP0 pid=123) Process EngineCore:",
            "(APIServer pid=100) RuntimeError: Engine core initialization failed. See root cause above. Failed core proc(s): {}",
        ];
        var death = VLlmWords.Explain(1, wasReady: false, lines);
        Assert.Equal("vllm exited with code 1: torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB.", death.Reason);
        Assert.False(death.IsHopeless);
    }

    [Theory]
    [InlineData("vllm serve: error: unrecognized arguments: --no-such-flag", 2, true, true)]
    [InlineData("(APIServer pid=1) ValueError: Model architectures ['X'] are not supported for now.", 1, true, false)]
    [InlineData("ModuleNotFoundError: No module named 'vllm'", 1, true, true)]
    [InlineData("(EngineCore_DP0 pid=2) ERROR 06-03 12:30:47 [core.py:1] ValueError: Free memory on device cuda:0 is less than desired", 1, false, false)]
    public void What_starting_again_does_not_change_is_known(string line, int exitCode, bool hopeless, bool program)
    {
        var death = VLlmWords.Explain(exitCode, wasReady: false, [line]);
        Assert.Equal((hopeless, program), (death.IsHopeless, death.BlamesProgram));
        Assert.DoesNotContain("pid=", death.Reason);
    }

    private static EngineSpec Spec(bool pinned = false) => new("ada", [new EngineArtifact("/m/ada", null, "")], pinned, "ada");

    private static LaunchPlan Plan(EngineSpec spec, NodeAgentOptions options, string version = "0.18.0", long bytes = 1L << 30, IReadOnlyList<ChosenAdapter>? adapters = null)
    {
        var kind = new VLlmKind(null!, null!, null!, Options.Create(options));
        var info = new SafetensorsInfo { Architecture = "LlamaForCausalLM", Weights = ["/m/ada/model.safetensors"], ContextTokens = 8192 };
        return kind.Plan(new EngineProgram("/x/vllm", version), kind.Serve(spec, new ChosenModel("/m/ada", ModelSources.Configured, info), adapters ?? []), new EngineSeat(4711, "/run/ada.key", new EnginePlace(0, [Card], 24L << 30), bytes));
    }

    private static ChosenAdapter Adapter(string name, int rank) => new(new AdapterSpec(name, $"/m/{name}", 1, ""), $"/m/{name}", new AdapterInfo([], 1 << 20, rank), null);

    private static string After(LaunchPlan plan, string flag) => plan.Arguments[plan.Arguments.ToList().IndexOf(flag) + 1];
}
