using Comox.NodeAgent.Hardware;
using Comox.NodeAgent.Supervision;
using Comox.ServiceDefaults;
using Comox.ServiceDefaults.Contracts.Nodes;

namespace Comox.NodeAgent.Swapping;

/// <summary>Somebody who waits for an engine. Null: let in; else why not.</summary>
internal sealed class EngineWaiter(long since)
{
    public long Since => since;
    public TaskCompletionSource<ApiError?> Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
}

/// <summary>What <see cref="ModelSwapper"/> knows of one engine. Belongs to it.</summary>
internal sealed class SwappedEngine(EngineHandle engine, LoadTimes loads, TimeProvider time)
{
    private static readonly TimeSpan LookAgain = TimeSpan.FromSeconds(5);

    private Residency? _residency;
    private long _since = time.GetTimestamp();
    private LoadTier _tier = LoadTier.Disk;
    private long? _tierSeen;
    private long? _measuredAt;
    private readonly UseRate _uses = new();

    public EngineHandle Engine => engine;
    public List<EngineWaiter> Waiters { get; } = [];
    public long Bytes => engine.Status.MemoryBytes ?? 0;

    /// <summary>Null while it is being prepared or ended: it takes part in nothing then.</summary>
    public Residency? Residency => (engine.Status.State, engine.Wanted.IsSet) switch
    {
        // Nothing is loaded onto a card on which nothing should run.
        (EngineStates.Unloaded, _) when engine.Status.Health == Healths.Ejected => Swapping.Residency.Failed,
        (EngineStates.Unloaded, false) => Swapping.Residency.Cold,
        (EngineStates.Unloaded or EngineStates.Loading, _) => Swapping.Residency.Loading,
        // One that died keeps its room while it backs off, and may have to give it up; it must not keep others from being loaded meanwhile.
        (EngineStates.Ready or EngineStates.Restarting, true) => Swapping.Residency.Hot,
        (EngineStates.Ready or EngineStates.Draining or EngineStates.Restarting, _) => Swapping.Residency.Draining,
        (EngineStates.Failed, _) => Swapping.Residency.Failed,
        _ => null,
    };

    public double LoadSeconds => loads.Predict(engine.Id, Bytes, _tier);

    /// <summary>Takes in what has happened since the last look.</summary>
    public void Look()
    {
        var now = Residency;
        if (now == _residency)
        {
            Measure();
            return;
        }

        if (_residency == Swapping.Residency.Loading && engine.Status.State == EngineStates.Ready)
            loads.Measured(engine.Id, Bytes, _tier, time.GetElapsedTime(_since).TotalSeconds);
        (_residency, _since, _measuredAt, _tierSeen) = (now, time.GetTimestamp(), null, null);
        if (now is Swapping.Residency.Cold or Swapping.Residency.Loading)
            SeeTier();
    }

    /// <summary>A request has come for it.</summary>
    public void Used() => _uses.Used(Now);

    public SwapUnit View()
    {
        if (Residency == Swapping.Residency.Cold && Waiters.Count > 0)
            SeeTier();
        return new SwapUnit
        {
            Id = engine.Id,
            Residency = Residency ?? Swapping.Residency.Failed,
            Bytes = Bytes,
            Device = Residency is Swapping.Residency.Loading or Swapping.Residency.Hot or Swapping.Residency.Draining ? 0 : null,
            IsPinned = engine.Spec.IsPinned,
            InFlight = engine.Traffic.InFlight,
            Waiting = Waiters.Count,
            Waited = Waiters.Count == 0 ? TimeSpan.Zero : time.GetElapsedTime(Waiters.Min(waiter => waiter.Since)),
            Since = time.GetElapsedTime(_since),
            LoadSeconds = LoadSeconds,
            Reuse = _uses.Reuse(Now),
        };
    }

    private double Now => (double)time.GetTimestamp() / time.TimestampFrequency;

    private void SeeTier()
    {
        if (_tierSeen is { } seen && time.GetElapsedTime(seen) < LookAgain || engine.ModelPath is not { } path)
            return;
        _tierSeen = time.GetTimestamp();
        _tier = PageCache.ResidentShare(path) >= 0.9 ? LoadTier.PageCache : LoadTier.Disk;
    }

    // The estimate holds until the engine is seen to hold more: it fills its slots as they are used.
    private void Measure()
    {
        if (_residency != Swapping.Residency.Hot || engine.Status.ProcessId is not { } process || _measuredAt is { } last && time.GetElapsedTime(last) < LookAgain)
            return;
        _measuredAt = time.GetTimestamp();
        if (HardwareReader.MemoryOf(process) is { } measured && measured > Bytes * 1.02)
            engine.Tell(status => status with { MemoryBytes = measured });
    }
}
