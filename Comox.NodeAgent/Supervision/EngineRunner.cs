using Comox.NodeAgent.Engines;
using Comox.ServiceDefaults.Contracts.Nodes;
using Microsoft.Extensions.Options;

namespace Comox.NodeAgent.Supervision;

/// <summary>Makes the runner of an engine; all share the rest.</summary>
internal sealed class EngineRunners(
    EngineStarter starter, EngineReadiness readiness, EngineSleepTrial trial, IOptions<NodeAgentOptions> options, TimeProvider time, ILogger<EngineRunner> log)
{
    public EngineRunner For(EngineHandle engine) => new(engine, this);

    internal EngineStarter Starter => starter;
    internal EngineReadiness Readiness => readiness;
    internal EngineSleepTrial Trial => trial;
    internal NodeAgentOptions Options => options.Value;
    internal TimeProvider Time => time;
    internal ILogger Log => log;
}

/// <summary>Keeps one program with one model running, as long as it is wanted: steps (3) to (6) of <see cref="EngineSupervisor"/>.</summary>
internal sealed class EngineRunner(EngineHandle engine, EngineRunners shared)
{
    private EngineProcess? _running;
    private TimeSpan _grace;

    public TimeProvider Time => shared.Time;

    /// <summary>Returns, with the reason, when starting it again has no prospect.</summary>
    public async Task<RunEnd> RunAsync(EngineRecipe recipe, CancellationToken stopping)
    {
        var (kind, service) = (recipe.Kind, recipe.Service);
        var (described, slots, memory) = (service.Model, service.Slots, service.MemoryBytes);
        engine.Weights = service.Chosen.Weights;
        engine.Sleep = null;
        engine.Adapters.Prepare(service.Adapters, kind.Adapters, service.Room?.Held ?? int.MaxValue);
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
                    status => status with { Model = described, Slots = slots, ProcessId = null, Cards = [], MemoryBytes = status.MemoryBytes ?? memory });
                await engine.Wanted.WaitAsync(true, stopping); // (3)
            }

            var place = engine.Place ?? recipe.Places[0];
            engine.Enter(
                EngineStates.Loading,
                $"Loading {described.Name}",
                status => status with { Model = described, Slots = slots, MemoryBytes = status.MemoryBytes ?? memory, Cards = [.. place.Cards.Select(card => card.Index)] });
            var baseline = service.MaySleep && kind.Sleep is not null ? await shared.Trial.BaselineAsync(place, stopping) : null;
            var words = new LogRing(100);
            var started = await shared.Starter.StartAsync(engine, recipe, line => Hear(words, line), stopping); // (4)
            _grace = kind.StopGrace;
            if (!started.IsSuccess)
                return new RunEnd(started.Problem, ModelRefused: false);

            var end = await LiveAsync(recipe, started.Value, baseline, stopping); // (5)
            if (end is { Fault: { } wrong, Unwanted: false })
                engine.Enter(EngineStates.Restarting, $"{wrong}. It is being killed");
            // One that still loads has nothing to finish, and may hear nobody.
            await StopAsync(kill: end.Fault is not null || end is { Unwanted: true, ReadyFor: null });
            loaded |= end.ReadyFor is not null;
            if (end.Unwanted || end.AskedFor)
                policy.AfterEnd(end.ReadyFor ?? TimeSpan.Zero);
            if (end.Unwanted)
                continue;
            if (end.AskedFor)
            {
                engine.Enter(EngineStates.Restarting, "Restarting, as asked", status => status with { ProcessId = null });
                continue;
            }

            var death = end switch
            {
                { Fault: { } fault } => new EngineDeath(fault, end.IsFinal, BlamesProgram: false),
                { ExitCode: { } code } => kind.Explain(code, end.ReadyFor is not null, words.Lines()),
                _ => new EngineDeath($"{kind.Program} did not load the model within {NodeAgentOptions.Section}:LoadTimeout ({shared.Options.LoadTimeout})", IsHopeless: true, BlamesProgram: false),
            };
            var (reason, hopeless) = (death.Reason, death.IsHopeless);
            var delay = hopeless ? null : policy.AfterDeath(end.ReadyFor ?? TimeSpan.Zero); // (6)
            if (delay is null)
            {
                return new RunEnd(
                    hopeless ? $"{reason}. Correct the cause, then restart the engine." : $"{reason}. It died {RestartPolicy.MaxQuickDeaths} times in a row; look at its log, then restart it.",
                    ModelRefused: !loaded && !death.BlamesProgram);
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
        engine.Adapters.Ended();
        if (_running is null)
            return;
        await _running.StopAsync(kill ? TimeSpan.Zero : _grace, shared.Time);
        _running.Dispose();
        _running = null;
        await shared.Starter.EndedAsync(engine.Id);
    }

    private async Task<LifeEnd> LiveAsync(EngineRecipe recipe, StartedEngine started, long? baseline, CancellationToken stopping)
    {
        _running = started.Process;
        var model = recipe.Service.Model;
        var exited = started.Process.Exited;
        using var watching = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        try
        {
            using var limit = new CancellationTokenSource(shared.Options.LoadTimeout, shared.Time);
            using var loading = CancellationTokenSource.CreateLinkedTokenSource(watching.Token, limit.Token);
            var ready = shared.Readiness.WaitAsync(started.Endpoint, model.Name, loading.Token);
            await Task.WhenAny(ready, exited, engine.Wanted.WaitAsync(false, watching.Token));
            stopping.ThrowIfCancellationRequested();
            if (!engine.Wanted.IsSet && !exited.IsCompleted)
                return new LifeEnd(ExitCode: null, ReadyFor: null, AskedFor: false, Unwanted: true);
            if (exited.IsCompleted)
                return new LifeEnd(await exited, ReadyFor: null, AskedFor: false);
            if (!ready.IsCompletedSuccessfully)
                return new LifeEnd(ExitCode: null, ReadyFor: null, AskedFor: false);
            if (await TrySleepAsync(recipe, started, baseline, watching.Token) is { } broken)
                return new LifeEnd(ExitCode: null, ReadyFor: null, AskedFor: false) { Fault = broken };

            await shared.Starter.RestoreAsync(engine, recipe, started.Endpoint, watching.Token);
            stopping.ThrowIfCancellationRequested();
            var since = shared.Time.GetTimestamp();
            engine.ForgetRestartRequests();
            var order = engine.RestartRequestedAsync(watching.Token);
            while (true)
            {
                engine.Endpoint = started.Endpoint;
                engine.Adapters.Started(started.Endpoint);
                engine.Enter(EngineStates.Ready, $"Serving {model.Name}{(recipe.Program.Notice is { } notice ? $". {notice}" : "")}", status => status with { ProcessId = started.Process.Id });
                engine.Traffic.Open();
                await Task.WhenAny(exited, order, engine.Wanted.WaitAsync(false, watching.Token));
                engine.Traffic.Close();
                stopping.ThrowIfCancellationRequested();
                if (!engine.Wanted.IsSet && !exited.IsCompleted)
                {
                    order = await DrainAsync("Makes room for another model", exited, order, watching.Token);
                    stopping.ThrowIfCancellationRequested();
                    engine.Endpoint = null;
                    if (exited.IsCompleted || FaultIn(order) is not null || await RestAsync(recipe, started, order, watching.Token) is not { } rest)
                    {
                        if (!exited.IsCompleted && FaultIn(order) is null)
                            await SaveAsync(recipe, started, watching.Token);
                        return new LifeEnd(ExitCode: null, shared.Time.GetElapsedTime(since), AskedFor: false, Unwanted: true) { Fault = FaultIn(order) };
                    }

                    stopping.ThrowIfCancellationRequested();
                    if (rest == RestEnd.Awake)
                        continue;
                    if (rest == RestEnd.Failed)
                        return new LifeEnd(ExitCode: null, shared.Time.GetElapsedTime(since), AskedFor: false) { Fault = $"{recipe.Kind.Program} did not wake from its sleep" };
                }
                else if (!exited.IsCompleted && order.IsCompletedSuccessfully && FaultIn(order) is null)
                {
                    order = await DrainAsync("Restarts, as asked", exited, order, watching.Token);
                    stopping.ThrowIfCancellationRequested();
                    engine.Endpoint = null;
                    if (FaultIn(order) is null && !exited.IsCompleted)
                        await SaveAsync(recipe, started, watching.Token);
                }

                engine.Endpoint = null;
                return exited.IsCompleted
                    ? new LifeEnd(await exited, shared.Time.GetElapsedTime(since), AskedFor: false)
                    : new LifeEnd(ExitCode: null, shared.Time.GetElapsedTime(since), AskedFor: FaultIn(order) is null) { Fault = FaultIn(order), IsFinal = order is { IsCompletedSuccessfully: true, Result.IsFinal: true } };
            }
        }
        finally
        {
            await watching.CancelAsync();
        }
    }

    /// <returns>The order that says what is to become of it.</returns>
    private async Task<Task<RestartOrder>> DrainAsync(string why, Task exited, Task<RestartOrder> order, CancellationToken cancellation)
    {
        engine.Enter(EngineStates.Draining, $"{why}; finishes {engine.Traffic.InFlight} {(engine.Traffic.InFlight == 1 ? "request" : "requests")} first");
        var over = Task.WhenAny(exited, engine.Traffic.EmptyAsync(), Task.Delay(shared.Options.Swapping.DrainTimeout, shared.Time, cancellation));
        await Task.WhenAny(over, order);
        if (over.IsCompleted || !order.IsCompletedSuccessfully || FaultIn(order) is not null)
            return order;

        // Whoever asks for a restart waits, too. Asked a second time, or condemned, it does not wait any longer.
        var again = engine.RestartRequestedAsync(cancellation);
        await Task.WhenAny(over, again);
        return FaultIn(again) is null ? order : again;
    }

    // Only what nobody works on any more; and its end, or the host's, does not wait for it.
    private async Task SaveAsync(EngineRecipe recipe, StartedEngine started, CancellationToken cancellation)
    {
        if (engine.Traffic.InFlight > 0)
            return;
        using var ends = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var saving = shared.Starter.SaveAsync(engine, recipe, started.Endpoint, ends.Token);
        await Task.WhenAny(saving, started.Process.Exited);
        await ends.CancelAsync();
        await saving;
        cancellation.ThrowIfCancellationRequested();
    }

    /// <returns>Null: it can go on; else why it has to be started again.</returns>
    private async Task<string?> TrySleepAsync(EngineRecipe recipe, StartedEngine started, long? baseline, CancellationToken cancellation)
    {
        // What was proven once holds, and what broke it once is not done to it again; else each start has its own trial.
        if (recipe.Kind.Sleep is not { } sleep || !recipe.Service.MaySleep || engine.Sleep is SleepAbility.Proven or SleepAbility.Unable { IsBroken: true })
            return null;
        engine.Report($"Trying whether {recipe.Service.Model.Name} can sleep", null);
        var since = shared.Time.GetTimestamp();
        var found = await shared.Trial.TryAsync(sleep, started.Endpoint, recipe.Service, engine.Place ?? recipe.Places[0], baseline, cancellation);
        engine.SleepTrialSeconds = shared.Time.GetElapsedTime(since).TotalSeconds;
        engine.Sleep = found;
        engine.Tell(status => status with { Sleep = found.Words });
        if (found is not SleepAbility.Unable { IsBroken: var broken, Reason: var reason })
            return null;
        shared.Log.SleepNotUsed(engine.Id, reason);
        return broken ? $"{recipe.Kind.Program} broke when its sleep was tried, which is not done again" : null;
    }

    /// <summary>Sleeps, if that is wanted and possible, until something else is.</summary>
    /// <returns>Null: it is to be ended.</returns>
    private async Task<RestEnd?> RestAsync(EngineRecipe recipe, StartedEngine started, Task restart, CancellationToken cancellation)
    {
        // Who sleeps computes on memory that is not there: with an answer that outlasted the patience for it, it is ended, which cuts that answer.
        if (engine.Traffic.InFlight > 0 || !engine.MaySleep.IsSet || engine.Sleep is not SleepAbility.Proven proven || recipe.Kind.Sleep is not { } sleep
            || !EngineSleepTrial.HasRoom(proven.HostBytes) || !await sleep.SleepAsync(started.Endpoint, cancellation))
            return null;
        var name = recipe.Service.Model.Name;
        engine.Enter(EngineStates.Asleep, $"{name} sleeps; it wakes when somebody asks for it");
        await Task.WhenAny(started.Process.Exited, restart, engine.Wanted.WaitAsync(true, cancellation), engine.MaySleep.WaitAsync(false, cancellation));
        cancellation.ThrowIfCancellationRequested();
        if (started.Process.Exited.IsCompleted || restart.IsCompleted)
            return RestEnd.Over;
        if (!engine.Wanted.IsSet)
            return null;
        engine.Enter(EngineStates.Loading, $"Waking {name}");
        return await sleep.WakeAsync(started.Endpoint, cancellation) ? RestEnd.Awake : RestEnd.Failed;
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
        /// <summary>Why it is of no use though it runs; null: nothing is wrong, or it ended by itself.</summary>
        public string? Fault { get; init; }

        /// <summary>Starting it again has no prospect.</summary>
        public bool IsFinal { get; init; }
    }

    /// <summary>How a sleep ends that is not to be the end of the process.</summary>
    private enum RestEnd
    {
        Awake,

        /// <summary>It was to wake and did not.</summary>
        Failed,

        /// <summary>It died, or a restart was asked for.</summary>
        Over,
    }
}
