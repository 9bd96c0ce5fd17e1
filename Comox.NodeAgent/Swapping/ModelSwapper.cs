using System.Threading.Channels;
using Comox.NodeAgent.Engines;
using Comox.NodeAgent.Hardware;
using Comox.NodeAgent.Supervision;
using Comox.ServiceDefaults;
using Comox.ServiceDefaults.Contracts.Nodes;
using Comox.ServiceDefaults.Contracts.OpenAI;
using Microsoft.Extensions.Options;

namespace Comox.NodeAgent.Swapping;

/// <summary>
/// The one owner of what this node has in memory. Requests come here for an engine and wait until it answers; at each change it
/// <list type="number">
/// <item>looks what has become of the engines;</item>
/// <item>lets in who waits for one that answers, and tells who waits for one that cannot;</item>
/// <item>has <see cref="SwapScheduler"/> decide, and has it done;</item>
/// <item>tells how long whoever still waits will wait.</item>
/// </list>
/// </summary>
internal sealed class ModelSwapper : BackgroundService
{
    /// <summary>Figures that change with every request are told this often; each telling wakes every watcher of the node.</summary>
    private static readonly TimeSpan Beat = TimeSpan.FromMilliseconds(250);

    private readonly Lock _lock = new();
    private readonly Channel<bool> _signals = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private readonly Dictionary<string, SwappedEngine> _engines;
    private readonly ISwapEffects _effects;
    private readonly SwapOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger<ModelSwapper> _log;
    private IReadOnlyList<SwapDevice> _devices = [];
    private readonly ReconciledMemory _memory;
    private long _told;

    public ModelSwapper(EngineRegistry engines, ISwapEffects effects, ReconciledMemory memory, IOptions<NodeAgentOptions> options, TimeProvider time, ILogger<ModelSwapper> log)
    {
        (_effects, _memory, _options, _time, _log) = (effects, memory, options.Value.Swapping, time, log);
        var loads = new LoadTimes();
        _engines = engines.All.ToDictionary(engine => engine.Id, engine => new SwappedEngine(engine, loads, time), StringComparer.Ordinal);
        foreach (var engine in engines.All)
        {
            engine.Entered += Signal;
            engine.Traffic.Left += Signal;
        }
    }

    /// <summary>Waits until the engine answers. Who gets in must leave its <see cref="EngineHandle.Traffic"/>.</summary>
    /// <returns>Null, or why it will not answer.</returns>
    public async ValueTask<ApiError?> EnterAsync(EngineHandle engine, CancellationToken cancellation)
    {
        var waiter = new EngineWaiter(_time.GetTimestamp());
        lock (_lock)
        {
            var known = _engines[engine.Id];
            known.Used();
            if (engine.Traffic.TryEnter())
            {
                Signal();
                return null;
            }

            if (engine.Status.State is not (EngineStates.Unloaded or EngineStates.Asleep or EngineStates.Loading or EngineStates.Ready or EngineStates.Draining))
                return EngineProxy.Unready(engine.Status);
            known.Waiters.Add(waiter);
        }

        Signal();
        try
        {
            return await waiter.Done.Task.WaitAsync(cancellation);
        }
        catch (OperationCanceledException)
        {
            lock (_lock)
                _engines[engine.Id].Waiters.Remove(waiter);
            // It may have been let in at the very moment it left.
            if (!waiter.Done.TrySetCanceled(CancellationToken.None) && await waiter.Done.Task is null)
                engine.Traffic.Leave();
            throw;
        }
    }

    /// <summary>Somebody may soon ask for the engine: it is made ready as far as that costs nobody anything.</summary>
    public EngineWarming Warm(EngineHandle engine)
    {
        lock (_lock)
        {
            var known = _engines[engine.Id];
            known.Hint();
            var view = View();
            var plan = SwapScheduler.Decide(view, _options);
            Signal();
            var action = plan.Actions.FirstOrDefault(action => action.Unit == engine.Id) switch
            {
                SwapAction.Load => WarmActions.Load,
                SwapAction.ReadAhead => WarmActions.ReadAhead,
                _ when known.IsHinted && view.Units.Any(unit => unit.Waiting > 0 || unit.Residency == Residency.Loading) => WarmActions.Later,
                _ => WarmActions.None,
            };
            var seconds = known.Residency switch
            {
                Residency.Hot => 0,
                Residency.Cold or Residency.Asleep or Residency.Loading => SwapScheduler.Quote(view, engine.Id, _options).Seconds,
                _ => null,
            };
            return new EngineWarming { State = engine.Status.State, Action = action, EtaSeconds = Rounded(seconds) };
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            _devices = await _memory.DevicesAsync(stoppingToken);
            Signal();
            while (true)
            {
                await _signals.Reader.ReadAsync(stoppingToken);
                while (Round())
                    await NextAsync(stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // Who waits is told by the end of the connection.
        }
    }

    private void Signal() => _signals.Writer.TryWrite(true);

    private async Task NextAsync(CancellationToken stopping)
    {
        using var beat = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        await Task.WhenAny(_signals.Reader.WaitToReadAsync(beat.Token).AsTask(), Task.Delay(Beat, _time, beat.Token));
        await beat.CancelAsync();
        stopping.ThrowIfCancellationRequested();
        _signals.Reader.TryRead(out _);
    }

    /// <returns>Whether to look again with the next beat: something is left that time alone will change, or that is still to be told.</returns>
    private bool Round()
    {
        lock (_lock)
        {
            foreach (var engine in _engines.Values)
            {
                engine.Look(); // 1.
                LetIn(engine); // 2.
            }

            var plan = SwapScheduler.Decide(View(), _options);
            foreach (var action in plan.Actions) // 3.
                Do(action);
            foreach (var id in plan.TooLarge)
                Refuse(_engines[id]);
            foreach (var id in plan.BesidePinned)
                RefuseBesidePinned(_engines[id]);
            return Tell(plan); // 4.
        }
    }

    private SwapView View()
    {
        var units = _engines.Values.Where(engine => engine.Residency is not null).Select(engine => engine.View()).ToList();
        return new SwapView(_memory.Reconcile(_devices, units), units)
        {
            AvailableBytes = _engines.Values.Any(engine => engine.IsHinted) ? HardwareReader.AvailableMemory() : null,
        };
    }

    private static void LetIn(SwappedEngine engine)
    {
        if (engine.Residency == Residency.Hot)
        {
            while (engine.Waiters.Count > 0 && engine.Engine.Traffic.TryEnter())
            {
                if (!engine.Waiters[0].Done.TrySetResult(null))
                    engine.Engine.Traffic.Leave();
                engine.Waiters.RemoveAt(0);
            }
        }
        else if (engine.Residency is null or Residency.Failed)
        {
            engine.Engine.Wanted.Set(false);
            Send(engine, EngineProxy.Unready(engine.Engine.Status));
        }
    }

    private void Do(SwapAction action)
    {
        var engine = _engines[action.Unit];
        switch (action)
        {
            case SwapAction.Load load:
                _log.LoadDecided(load.Unit, engine.Bytes >> 20, engine.Waiters.Count);
                engine.LoadDecided();
                _effects.Load(load.Unit, load.Device);
                break;
            case SwapAction.Drain drain:
                _log.DrainDecided(drain.Unit, engine.Bytes >> 20, engine.Engine.Traffic.InFlight);
                _effects.Drain(drain.Unit);
                break;
            case SwapAction.Sleep sleep:
                _log.SleepDecided(sleep.Unit, engine.Bytes >> 20, engine.Engine.Traffic.InFlight);
                _effects.Sleep(sleep.Unit);
                break;
            case SwapAction.ReadAhead ahead:
                _log.ReadAheadDecided(ahead.Unit);
                engine.ReadAheadDecided();
                _effects.ReadAhead(ahead.Unit);
                break;
        }
    }

    private void Refuse(SwappedEngine engine)
    {
        var places = engine.Engine.Places.Count == 0 ? null : engine.Engine.Places.Select(place => place.Index).ToHashSet();
        var largest = _devices.Where(device => places?.Contains(device.Index) != false).MaxBy(device => device.Bytes);

        // What the settings want in memory at any price is tried: the estimate may be wrong, and there is nothing else to do with this node.
        if (engine.Engine.Spec.IsPinned)
        {
            _log.LoadedAnyway(engine.Engine.Id, engine.Bytes >> 20, largest.Bytes >> 20);
            _effects.Load(engine.Engine.Id, largest.Index);
            return;
        }

        Send(engine, new ApiError(
            StatusCodes.Status503ServiceUnavailable,
            ErrorCodes.EngineUnavailable,
            $"The model of the engine '{engine.Engine.Id}' needs about {engine.Bytes >> 20} MiB of memory, and engines have {largest.Bytes >> 20} MiB on {(largest.IsHost ? "this node" : "the largest of this node's cards that it may use")}. " +
            (largest.IsHost ? $"Give them more with {SwapOptions.Section}:{nameof(SwapOptions.MemoryBytes)}, or fewer slots or less context." : "Give it fewer slots or less context, or spread it over several cards with Cards.")));
    }

    private void RefuseBesidePinned(SwappedEngine engine)
    {
        var pinned = _engines.Values.Where(other => other.Engine.Spec.IsPinned).ToList();
        Send(engine, new ApiError(
            StatusCodes.Status503ServiceUnavailable,
            ErrorCodes.EngineUnavailable,
            $"The model of the engine '{engine.Engine.Id}' needs about {engine.Bytes >> 20} MiB of memory, and there is no such room beside the models that always stay ({string.Join(", ", pinned.Select(other => $"{other.Engine.Id}: {other.Bytes >> 20} MiB"))}). " +
            $"Give engines more with {SwapOptions.Section}:{nameof(SwapOptions.MemoryBytes)}, let one of those be unpinned, or give them fewer slots or less context."));
    }

    private static void Send(SwappedEngine engine, ApiError error)
    {
        foreach (var waiter in engine.Waiters)
            waiter.Done.TrySetResult(error);
        engine.Waiters.Clear();
    }

    private bool Tell(SwapPlan plan)
    {
        // What there is to tell is worked out with the beat, not for every request.
        if (_time.GetElapsedTime(_told) < Beat)
            return true;
        _told = _time.GetTimestamp();
        var isBusy = false;
        var view = View();
        foreach (var engine in _engines.Values)
        {
            var wait = plan.Waits.FirstOrDefault(wait => wait.Unit == engine.Engine.Id);
            var (waiting, inFlight) = (engine.Waiters.Count, engine.Engine.Traffic.InFlight);
            SwapQuote? quote = engine.Residency is Residency.Cold or Residency.Asleep or Residency.Loading && waiting == 0 ? SwapScheduler.Quote(view, engine.Engine.Id, _options) : null;
            var seconds = wait?.Seconds ?? quote?.Seconds;
            isBusy |= waiting > 0 || engine.IsHinted || engine.Residency == Residency.Loading;
            if (engine.Residency == Residency.Cold && (waiting > 0 || engine.Engine.Spec.IsPinned) && SwapLedger.InTheWay(view, engine.Engine.Id) is { } others)
                engine.Engine.Report($"Waits for memory: other programs hold {others >> 20} MiB of its card", null);
            engine.Engine.Tell(status => status with
            {
                InFlight = inFlight, Adapters = engine.Engine.Adapters.Any ? engine.Engine.Adapters.Describe() : status.Adapters, Waiting = waiting, Place = wait?.Place, EtaSeconds = Rounded(seconds), LossSeconds = Rounded(quote?.LossSeconds),
            });
        }

        return isBusy;
    }

    private static double? Rounded(double? seconds) => seconds is null ? null : Math.Round(seconds.Value, 1);
}
