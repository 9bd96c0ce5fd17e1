using Comox.NodeAgent.Engines;
using Comox.NodeAgent.Engines.Provisioning;
using Comox.NodeAgent.ModelCache;
using Comox.ServiceDefaults.Contracts.Nodes;
using Microsoft.Extensions.Options;

namespace Comox.NodeAgent.Supervision;

/// <summary>Keeps one program with one model running: steps (3) to (5) of <see cref="EngineSupervisor"/>.</summary>
internal sealed class EngineRunner(
    EngineStarter starter, EngineReadiness readiness, LeftoverEngines leftovers, IOptions<NodeAgentOptions> options, TimeProvider time, ILogger<EngineRunner> log)
{
    // A stream that runs sees the stop at its next ping, 2 s at most.
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(4);
    private EngineProcess? _running;

    /// <summary>Returns, with the reason, when starting it again has no prospect.</summary>
    public async Task<RunEnd> RunAsync(EngineHandle engine, EngineProgram program, ChosenModel model, CancellationToken stopping)
    {
        var described = EngineModels.Describe(model, options.Value);
        var slots = LlamaCppLaunch.Slots(options.Value, model.Info.Parameters);
        log.ModelChosen(described.Name, described.Source, described.Notice);

        var policy = new RestartPolicy();
        var loaded = false;
        while (true)
        {
            engine.Enter(EngineStates.Loading, $"Loading {described.Name}", status => status with { Model = described, Slots = slots });
            var words = new LogRing(100);
            var started = await starter.StartAsync(engine, program, model, line => Hear(engine, words, line), stopping); // (3)
            if (!started.IsSuccess)
                return new RunEnd(started.Problem, ModelRefused: false);

            var end = await LiveAsync(engine, described, started.Value, stopping); // (4)
            await StopAsync(engine);
            loaded |= end.ReadyFor is not null;
            if (end.AskedFor)
            {
                engine.Enter(EngineStates.Restarting, "Restarting, as asked", status => status with { ProcessId = null });
                continue;
            }

            var (reason, hopeless) = end.ExitCode is { } code
                ? LastWords.Explain(code, end.ReadyFor is not null, words.Lines())
                : ($"llama-server did not load the model within {NodeAgentOptions.Section}:LoadTimeout ({options.Value.LoadTimeout})", true);
            var delay = hopeless ? null : policy.AfterDeath(end.ReadyFor ?? TimeSpan.Zero); // (5)
            if (delay is null)
            {
                return new RunEnd(
                    hopeless ? $"{reason}. Correct the cause, then restart the engine." : $"{reason}. It died {RestartPolicy.MaxQuickDeaths} times in a row; look at its log, then restart it.",
                    ModelRefused: !loaded && !LastWords.BlameTheProgram(words.Lines()));
            }

            engine.Enter(EngineStates.Restarting, $"{reason}. Starting again in {delay.Value.TotalSeconds:0.#} s", status => status with { ProcessId = null, Restarts = status.Restarts + 1 });
            await Task.Delay(delay.Value, time, stopping);
        }
    }

    /// <summary>Ends the process, if there is one, and what was noted about it.</summary>
    public async Task StopAsync(EngineHandle engine)
    {
        engine.Endpoint = null;
        if (_running is null)
            return;
        await _running.StopAsync(Grace, time);
        _running.Dispose();
        _running = null;
        leftovers.Forget(engine.Id);
    }

    private async Task<LifeEnd> LiveAsync(EngineHandle engine, EngineModel model, StartedEngine started, CancellationToken stopping)
    {
        _running = started.Process;
        var exited = started.Process.Exited;
        using var watching = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        try
        {
            using var limit = new CancellationTokenSource(options.Value.LoadTimeout, time);
            using var loading = CancellationTokenSource.CreateLinkedTokenSource(watching.Token, limit.Token);
            var ready = readiness.WaitAsync(started.Endpoint, model.Name, loading.Token);
            await Task.WhenAny(ready, exited);
            stopping.ThrowIfCancellationRequested();
            if (exited.IsCompleted)
                return new LifeEnd(await exited, ReadyFor: null, AskedFor: false);
            if (!ready.IsCompletedSuccessfully)
                return new LifeEnd(ExitCode: null, ReadyFor: null, AskedFor: false);

            var since = time.GetTimestamp();
            engine.Endpoint = started.Endpoint;
            engine.ForgetRestartRequests();
            engine.Enter(EngineStates.Ready, $"Serving {model.Name}", status => status with { ProcessId = started.Process.Id });
            await Task.WhenAny(exited, engine.RestartRequestedAsync(watching.Token));
            stopping.ThrowIfCancellationRequested();
            engine.Endpoint = null;
            return exited.IsCompleted
                ? new LifeEnd(await exited, time.GetElapsedTime(since), AskedFor: false)
                : new LifeEnd(ExitCode: null, time.GetElapsedTime(since), AskedFor: true);
        }
        finally
        {
            await watching.CancelAsync();
        }
    }

    private static void Hear(EngineHandle engine, LogRing words, string line)
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
    private readonly record struct LifeEnd(int? ExitCode, TimeSpan? ReadyFor, bool AskedFor);
}
