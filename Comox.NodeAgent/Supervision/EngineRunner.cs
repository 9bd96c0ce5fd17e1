using Comox.NodeAgent.Engines;
using Comox.NodeAgent.Engines.Provisioning;
using Comox.NodeAgent.ModelCache;
using Comox.ServiceDefaults.Contracts.Nodes;
using Microsoft.Extensions.Options;

namespace Comox.NodeAgent.Supervision;

/// <summary>Makes the runner of an engine; all share the rest.</summary>
internal sealed class EngineRunners(
    EngineStarter starter, EngineReadiness readiness, LeftoverEngines leftovers, IOptions<NodeAgentOptions> options, TimeProvider time, ILogger<EngineRunner> log)
{
    public EngineRunner For(EngineHandle engine) => new(engine, this);

    internal EngineStarter Starter => starter;
    internal EngineReadiness Readiness => readiness;
    internal LeftoverEngines Leftovers => leftovers;
    internal NodeAgentOptions Options => options.Value;
    internal TimeProvider Time => time;
    internal ILogger Log => log;
}

/// <summary>Keeps one program with one model running, as long as it is wanted: steps (3) to (6) of <see cref="EngineSupervisor"/>.</summary>
internal sealed class EngineRunner(EngineHandle engine, EngineRunners shared)
{
    // A stream that runs sees the stop at its next ping, 2 s at most.
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(4);
    private EngineProcess? _running;

    public TimeProvider Time => shared.Time;

    /// <summary>Returns, with the reason, when starting it again has no prospect.</summary>
    public async Task<RunEnd> RunAsync(EngineProgram program, ChosenModel model, CancellationToken stopping)
    {
        var described = EngineModels.Describe(model, shared.Options, engine.Spec.Name);
        var slots = LlamaCppLaunch.Slots(shared.Options, model.Info.Parameters);
        var memory = EngineMemory.Estimate(model.Info, slots, EngineModels.SlotContext(model.Info, shared.Options));
        engine.ModelPath = model.Path;
        shared.Log.ModelChosen(described.Name, described.Source, described.Notice);

        var policy = new RestartPolicy();
        var loaded = false;
        while (true)
        {
            if (!engine.Wanted.IsSet)
            {
                engine.Enter(
                    EngineStates.Unloaded,
                    $"{described.Name} is not in memory; it is loaded when somebody asks for it",
                    status => status with { Model = described, Slots = slots, ProcessId = null, MemoryBytes = status.MemoryBytes ?? memory });
                await engine.Wanted.WaitAsync(true, stopping); // (3)
            }

            engine.Enter(EngineStates.Loading, $"Loading {described.Name}", status => status with { Model = described, Slots = slots, MemoryBytes = status.MemoryBytes ?? memory });
            var words = new LogRing(100);
            var started = await shared.Starter.StartAsync(engine, program, model, line => Hear(words, line), stopping); // (4)
            if (!started.IsSuccess)
                return new RunEnd(started.Problem, ModelRefused: false);

            var end = await LiveAsync(described, started.Value, stopping); // (5)
            if (end is { Fault: { } wrong, Unwanted: false })
                engine.Enter(EngineStates.Restarting, $"{wrong}. It is being killed");
            await StopAsync(kill: end.Fault is not null);
            loaded |= end.ReadyFor is not null;
            if (end.Unwanted)
                continue;
            if (end.AskedFor)
            {
                engine.Enter(EngineStates.Restarting, "Restarting, as asked", status => status with { ProcessId = null });
                continue;
            }

            var (reason, hopeless) = end.Fault is { } fault ? (fault, end.IsFinal)
                : end.ExitCode is { } code
                ? LastWords.Explain(code, end.ReadyFor is not null, words.Lines())
                : ($"llama-server did not load the model within {NodeAgentOptions.Section}:LoadTimeout ({shared.Options.LoadTimeout})", true);
            var delay = hopeless ? null : policy.AfterDeath(end.ReadyFor ?? TimeSpan.Zero); // (6)
            if (delay is null)
            {
                return new RunEnd(
                    hopeless ? $"{reason}. Correct the cause, then restart the engine." : $"{reason}. It died {RestartPolicy.MaxQuickDeaths} times in a row; look at its log, then restart it.",
                    ModelRefused: !loaded && !LastWords.BlameTheProgram(words.Lines()));
            }

            engine.Enter(EngineStates.Restarting, $"{reason}. Starting again in {delay.Value.TotalSeconds:0.#} s", status => status with { ProcessId = null, Restarts = status.Restarts + 1 });
            await Task.Delay(delay.Value, shared.Time, stopping);
        }
    }

    /// <summary>Ends the process, if there is one, and what was noted about it.</summary>
    /// <param name="kill">True: at once, because it may not hear a request.</param>
    public async Task StopAsync(bool kill = false)
    {
        engine.Traffic.Close();
        engine.Endpoint = null;
        if (_running is null)
            return;
        await _running.StopAsync(kill ? TimeSpan.Zero : Grace, shared.Time);
        _running.Dispose();
        _running = null;
        shared.Leftovers.Forget(engine.Id);
    }

    private async Task<LifeEnd> LiveAsync(EngineModel model, StartedEngine started, CancellationToken stopping)
    {
        _running = started.Process;
        var exited = started.Process.Exited;
        using var watching = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        try
        {
            using var limit = new CancellationTokenSource(shared.Options.LoadTimeout, shared.Time);
            using var loading = CancellationTokenSource.CreateLinkedTokenSource(watching.Token, limit.Token);
            var ready = shared.Readiness.WaitAsync(started.Endpoint, model.Name, loading.Token);
            await Task.WhenAny(ready, exited);
            stopping.ThrowIfCancellationRequested();
            if (exited.IsCompleted)
                return new LifeEnd(await exited, ReadyFor: null, AskedFor: false);
            if (!ready.IsCompletedSuccessfully)
                return new LifeEnd(ExitCode: null, ReadyFor: null, AskedFor: false);

            var since = shared.Time.GetTimestamp();
            engine.Endpoint = started.Endpoint;
            engine.ForgetRestartRequests();
            engine.Enter(EngineStates.Ready, $"Serving {model.Name}", status => status with { ProcessId = started.Process.Id });
            engine.Traffic.Open();
            var order = engine.RestartRequestedAsync(watching.Token);
            await Task.WhenAny(exited, order, engine.Wanted.WaitAsync(false, watching.Token));
            engine.Traffic.Close();
            stopping.ThrowIfCancellationRequested();
            if (!engine.Wanted.IsSet && !exited.IsCompleted)
            {
                engine.Enter(EngineStates.Draining, $"Makes room for another model; finishes {engine.Traffic.InFlight} {(engine.Traffic.InFlight == 1 ? "request" : "requests")} first");
                await Task.WhenAny(exited, engine.Traffic.EmptyAsync(), Task.Delay(shared.Options.Swapping.DrainTimeout, shared.Time, watching.Token), order);
                stopping.ThrowIfCancellationRequested();
                return new LifeEnd(ExitCode: null, shared.Time.GetElapsedTime(since), AskedFor: false, Unwanted: true) { Fault = FaultIn(order) };
            }

            engine.Endpoint = null;
            return exited.IsCompleted
                ? new LifeEnd(await exited, shared.Time.GetElapsedTime(since), AskedFor: false)
                : new LifeEnd(ExitCode: null, shared.Time.GetElapsedTime(since), AskedFor: FaultIn(order) is null) { Fault = FaultIn(order), IsFinal = order is { IsCompletedSuccessfully: true, Result.IsFinal: true } };
        }
        finally
        {
            await watching.CancelAsync();
        }
    }

    private static string? FaultIn(Task<RestartOrder> order) => order.IsCompletedSuccessfully ? order.Result.Fault : null;

    private void Hear(LogRing words, string line)
    {
        engine.Log.Add(line);
        words.Add(line);
    }

    /// <param name="Reason">For a person.</param>
    /// <param name="ModelRefused">The engine never got this model loaded; with another one it may run.</param>
    internal readonly record struct RunEnd(string Reason, bool ModelRefused);

    /// <param name="ExitCode">Null when it still runs.</param>
    /// <param name="ReadyFor">Null when it never was ready.</param>
    /// <param name="AskedFor">A restart was asked for.</param>
    /// <param name="Unwanted">Its memory is wanted for another.</param>
    private readonly record struct LifeEnd(int? ExitCode, TimeSpan? ReadyFor, bool AskedFor, bool Unwanted = false)
    {
        /// <summary>What was wrong with it; null: nothing, or it ended by itself.</summary>
        public string? Fault { get; init; }

        public bool IsFinal { get; init; }
    }
}
