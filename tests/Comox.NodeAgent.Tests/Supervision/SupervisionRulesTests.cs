using System.Diagnostics;
using System.Globalization;
using Comox.NodeAgent.Engines;
using Comox.NodeAgent.Engines.LlamaCpp;
using Comox.NodeAgent.Engines.Placement;
using Comox.NodeAgent.Engines.Provisioning;
using Comox.NodeAgent.ModelCache;
using Comox.NodeAgent.Supervision;
using Comox.ServiceDefaults;
using Comox.ServiceDefaults.Contracts.Nodes;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace Comox.NodeAgent.Tests.Supervision;

public sealed class SupervisionRulesTests
{
    private static readonly string[] States =
    [
        EngineStates.Provisioning, EngineStates.Fetching, EngineStates.Loading, EngineStates.Ready,
        EngineStates.Restarting, EngineStates.Failed, EngineStates.Stopping, EngineStates.Stopped,
    ];

    [Fact]
    public void Every_state_but_the_last_can_be_stopped_and_the_last_is_final()
    {
        foreach (var state in States.Except([EngineStates.Stopping, EngineStates.Stopped]))
            Assert.True(EngineLifecycle.MayFollow(state, EngineStates.Stopping), state);
        Assert.DoesNotContain(States, next => next != EngineStates.Stopped && EngineLifecycle.MayFollow(EngineStates.Stopped, next));
    }

    [Fact]
    public async Task An_engine_that_dies_and_leaves_a_process_with_its_pipes_has_ended()
    {
        var start = new ProcessStartInfo("/bin/sh", ["-c", "sleep 600 & echo $!; wait"]) { RedirectStandardOutput = true, RedirectStandardError = true };
        var left = new TaskCompletionSource<int>(TaskCreationOptions.RunContinuationsAsynchronously);
        using var engine = new EngineProcess(Process.Start(start)!, line => left.TrySetResult(int.Parse(line, CultureInfo.InvariantCulture)), TimeProvider.System);
        using var worker = Process.GetProcessById(await left.Task.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken));
        using (var shell = Process.GetProcessById(engine.Id))
            shell.Kill();
        try
        {
            Assert.Equal(137, await engine.Exited.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken));
            await engine.StopAsync(TimeSpan.Zero, TimeProvider.System);
            Assert.False(worker.HasExited);
        }
        finally
        {
            worker.Kill();
        }
    }

    [Fact]
    public void Ready_is_reached_through_loading_alone() =>
        Assert.Equal([EngineStates.Loading], States.Where(state => state != EngineStates.Ready && EngineLifecycle.MayFollow(state, EngineStates.Ready)));

    [Fact]
    public void Quick_deaths_wait_twice_as_long_each_time_and_then_end_it()
    {
        var policy = new RestartPolicy();
        var delays = Enumerable.Range(0, RestartPolicy.MaxQuickDeaths).Select(_ => policy.AfterDeath(TimeSpan.Zero)?.TotalSeconds).ToList();
        Assert.Equal([0.5, 1, 2, 4, null], delays);
    }

    [Fact]
    public void A_long_life_starts_the_count_anew()
    {
        var policy = new RestartPolicy();
        for (var i = 0; i < 100; i++)
            Assert.Equal(0.5, policy.AfterDeath(RestartPolicy.LongLife)?.TotalSeconds);
    }

    /// <summary>Of a model that comes and goes no life ends by itself, and one death in a week is not the fifth in a row.</summary>
    [Fact]
    public void So_does_one_that_was_ended_to_make_room()
    {
        var policy = new RestartPolicy();
        for (var i = 0; i < 100; i++)
        {
            Assert.Equal(0.5, policy.AfterDeath(TimeSpan.Zero)?.TotalSeconds);
            policy.AfterEnd(RestartPolicy.LongLife);
        }

        Assert.Equal(0.5, policy.AfterDeath(TimeSpan.Zero)?.TotalSeconds);
        policy.AfterEnd(TimeSpan.FromSeconds(1));
        Assert.Equal(1, policy.AfterDeath(TimeSpan.Zero)?.TotalSeconds);
    }

    [Theory]
    [InlineData("server-truncated-model.log", 1, true, "llama-server exited with code 1: error loading model: tensor 'blk.0.ffn_gate.weight' data is not within the file bounds")]
    [InlineData("server-port-taken.log", 1, false, "llama-server exited with code 1: couldn't bind HTTP server socket, hostname: 127.0.0.1, port: 18101")]
    [InlineData("server-bad-flag.log", 1, true, "llama-server exited with code 1: invalid argument: --no-such-flag")]
    public void The_first_error_of_a_start_is_the_reason(string log, int exitCode, bool hopeless, string reason)
    {
        var lines = File.ReadAllLines(Path.Combine(AppContext.BaseDirectory, "Captures", log));
        var (told, isHopeless, _) = LlamaCppWords.Explain(exitCode, wasReady: false, lines);
        Assert.StartsWith(reason, told);
        Assert.Equal(hopeless, isHopeless);
    }

    [Fact]
    public void A_card_that_was_full_a_moment_ago_is_tried_again()
    {
        var death = LlamaCppWords.Explain(1, wasReady: false,
        [
            "0.00.713.101 E ggml_backend_cuda_buffer_type_alloc_buffer: allocating 7605.33 MiB on device 0: cudaMalloc failed: out of memory",
            "0.00.713.447 E llama_model_load: error loading model: unable to allocate CUDA0 buffer",
            "0.00.713.450 E llama_model_load_from_file_impl: failed to load model",
        ]);
        Assert.False(death.IsHopeless);
        Assert.Contains("cudaMalloc failed: out of memory", death.Reason);
    }

    [Fact]
    public void Of_an_engine_that_ran_old_errors_are_not_the_reason()
    {
        string[] lines = ["0.01.0 E srv  operator(): old trouble", .. Enumerable.Repeat("0.02.0 I slot release: fine", 20)];
        Assert.Equal("llama-server crashed (signal 11)", LlamaCppWords.Explain(139, wasReady: true, lines).Reason);
    }

    [Fact]
    public void The_log_keeps_the_newest_lines()
    {
        var ring = new LogRing(3);
        for (var i = 0; i < 10; i++)
            ring.Add(i.ToString(CultureInfo.InvariantCulture));
        Assert.Equal(["7", "8", "9"], ring.Lines());
    }

    [Fact]
    public void The_launch_plan_gives_each_slot_its_own_context_and_the_key_only_by_file()
    {
        var kind = new LlamaCppKind(null!, null!, null!, null!, Options.Create(new NodeAgentOptions { Slots = 3, ContextTokens = 512 }), TimeProvider.System);
        var service = kind.Serve(new EngineSpec("chat", [new EngineArtifact(null, null, "")], IsPinned: true), new ChosenModel("/m/a.gguf", ModelSources.Configured, new GgufInfo { Architecture = "llama" }), []);
        var plan = kind.Plan(new EngineProgram("/x/llama-server", "1"), service, new EngineSeat(4711, "/run/chat.key", new EnginePlace(0, [], 1 << 30), 1 << 20));
        Assert.Equal("1536", After("--ctx-size"));
        Assert.Equal("3", After("--parallel"));
        Assert.Equal("127.0.0.1", After("--host"));
        Assert.Equal("4711", After("--port"));
        Assert.Equal("/run/chat.key", After("--api-key-file"));
        Assert.DoesNotContain("--api-key", plan.Arguments);

        string After(string flag) => plan.Arguments[plan.Arguments.ToList().IndexOf(flag) + 1];
    }

    [Theory]
    [InlineData("LLAMA_ARG_CTX_SIZE", true)]
    [InlineData("VLLM_API_KEY", true)]
    [InlineData("HF_TOKEN", true)]
    [InlineData("Comox__Gateway__AdminKey", true)]
    [InlineData("ConnectionStrings__memory", true)]
    [InlineData("AWS_SECRET_ACCESS_KEY", true)]
    [InlineData("AWS_SESSION_TOKEN", true)]
    [InlineData("OTEL_EXPORTER_OTLP_HEADERS", true)]
    [InlineData("OTEL_EXPORTER_OTLP_TRACES_HEADERS", true)]
    [InlineData("ASPNETCORE_Kestrel__Certificates__Default__Password", true)]
    [InlineData("Kestrel__Certificates__Default__Password", true)]
    [InlineData("OTEL_EXPORTER_OTLP_ENDPOINT", false)]
    [InlineData("PATH", false)]
    [InlineData("CUDA_VISIBLE_DEVICES", false)]
    public void Engines_inherit_no_secret_and_no_setting(string variable, bool withheld) => Assert.Equal(withheld, LaunchPlan.IsWithheld(variable));

    [Fact]
    public async Task A_leftover_engine_of_this_data_folder_is_ended_and_a_stranger_with_its_number_is_not()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "needs /proc");
        var folder = Directory.CreateTempSubdirectory("comox-leftover-");
        var home = ComoxHome.Open(new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?> { [ComoxHome.Setting] = folder.FullName }).Build());
        var leftovers = new LeftoverEngines(home, TimeProvider.System, NullLogger<LeftoverEngines>.Instance);

        // The second argument after the script stands where an engine has the path of its key file.
        using var ours = Process.Start("/bin/sh", ["-c", "while :; do sleep 1000; done", "engine", leftovers.KeyFile("chat")]);
        using var stranger = Process.Start("/bin/sh", ["-c", "while :; do sleep 1000; done", "stranger"]);
        await UntilExecAsync(ours, leftovers.KeyFile("chat"));

        leftovers.Note("chat", ours.Id);
        await leftovers.EndAsync("chat", default);
        Assert.True(ours.HasExited);

        leftovers.Note("chat", stranger.Id);
        await leftovers.EndAsync("chat", default);
        Assert.False(stranger.HasExited);
        stranger.Kill(entireProcessTree: true);
        folder.Delete(recursive: true);
    }

    [Fact]
    public async Task Workers_of_an_engine_that_died_are_ended_and_those_of_another_are_not()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "needs /proc");
        var folder = Directory.CreateTempSubdirectory("comox-workers-");
        var home = ComoxHome.Open(new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?> { [ComoxHome.Setting] = folder.FullName }).Build());
        var leftovers = new LeftoverEngines(home, TimeProvider.System, NullLogger<LeftoverEngines>.Instance);

        // As vLLM's worker: another program, a child of the engine, with what it inherits and nothing of its command line.
        using var ours = Worker("chat");
        using var other = Worker("chat-2");
        try
        {
            await leftovers.EndWorkersAsync("chat");
            await ours.WaitForExitAsync(TestContext.Current.CancellationToken);
            Assert.False(other.HasExited);
            await TestKit.Eventually.IsTrueAsync(() => !Marked("chat"), "what it started last is ended, too");
        }
        finally
        {
            ours.Kill(entireProcessTree: true);
            other.Kill(entireProcessTree: true);
        }

        folder.Delete(recursive: true);

        bool Marked(string engine) => Directory.EnumerateDirectories("/proc").Any(process =>
        {
            try
            {
                return File.ReadAllText(Path.Combine(process, "environ")).Contains($"{leftovers.KeyFile(engine)}\0", StringComparison.Ordinal);
            }
            catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException)
            {
                return false;
            }
        });

        Process Worker(string engine)
        {
            var start = new ProcessStartInfo("/bin/sh", ["-c", "while :; do sleep 1000; done"]);
            start.Environment[LeftoverEngines.Mark] = leftovers.KeyFile(engine);
            return Process.Start(start)!;
        }
    }

    [Fact]
    public async Task A_worker_that_is_just_becoming_another_program_is_not_overlooked()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "needs /proc");
        var folder = Directory.CreateTempSubdirectory("comox-becoming-");
        var home = ComoxHome.Open(new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?> { [ComoxHome.Setting] = folder.FullName }).Build());
        var leftovers = new LeftoverEngines(home, TimeProvider.System, NullLogger<LeftoverEngines>.Instance);

        // Each env becomes the next, for seconds: one look in eight or so finds the process between two of them, without a variable.
        var start = new ProcessStartInfo("env", [.. Enumerable.Repeat("env", 5000), "sleep", "1000"]);
        start.Environment[LeftoverEngines.Mark] = leftovers.KeyFile("chat");
        using var worker = Process.Start(start)!;
        try
        {
            Assert.DoesNotContain(false, Enumerable.Range(0, 5000).Select(_ => LeftoverEngines.IsMarked(worker.Id, $"{LeftoverEngines.Mark}={leftovers.KeyFile("chat")}")));
            await leftovers.EndWorkersAsync("chat");
            await worker.WaitForExitAsync(TestContext.Current.CancellationToken);
        }
        finally
        {
            worker.Kill();
        }

        folder.Delete(recursive: true);
    }

    // Process.Start returns when the old program is left, which is a moment before /proc shows the new one's command line.
    private static Task UntilExecAsync(Process process, string argument) =>
        TestKit.Eventually.IsTrueAsync(async () => (await File.ReadAllTextAsync($"/proc/{process.Id}/cmdline")).Contains(argument, StringComparison.Ordinal), "the program is there");
}
