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

    /// <summary>Who has not asked by then has gone elsewhere.</summary>
    private static readonly TimeSpan HintLife = TimeSpan.FromSeconds(60);

    private Residency? _residency;
    private long _since = time.GetTimestamp();
    private LoadTier _tier = LoadTier.Disk;
    private long? _tierSeen;
    private long? _measuredAt;
    private long? _hintedAt;
    private bool _wasReadAhead;
    private bool _isUnasked;
    private readonly UseRate _uses = new();

    public EngineHandle Engine => engine;
    public List<EngineWaiter> Waiters { get; } = [];
    public long Bytes => engine.Status.MemoryBytes ?? 0;

    /// <summary>Null while it is being prepared or ended: it takes part in nothing then.</summary>
    public Residency? Residency => (engine.Status.State, engine.Wanted.IsSet) switch
    {
        // Nothing is loaded onto a card on which nothing should run.
        (EngineStates.Unloaded, _) when engine.IsBarred || engine.Status.Health == Healths.Ejected => Swapping.Residency.Failed,
        (EngineStates.Unloaded, false) => Swapping.Residency.Cold,
        (EngineStates.Asleep, false) => engine.MaySleep.IsSet ? Swapping.Residency.Asleep : Swapping.Residency.Draining,
        (EngineStates.Asleep, true) => Swapping.Residency.Loading,
        // Somebody really asks for the room.
        (EngineStates.Loading, false) => Swapping.Residency.Draining,
        (EngineStates.Unloaded or EngineStates.Loading, _) => Swapping.Residency.Loading,
        // One that died keeps its room while it backs off, and may have to give it up; it must not keep others from being loaded meanwhile. One that drains and
        // is wanted all the same is going to be restarted.
        (EngineStates.Ready or EngineStates.Draining or EngineStates.Restarting, true) => Swapping.Residency.Hot,
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
            loads.Measured(engine.Id, Bytes, _tier, Math.Max(0.01, time.GetElapsedTime(_since).TotalSeconds - TrialSeconds()));
        var wakes = _residency == Swapping.Residency.Asleep && now == Swapping.Residency.Loading;
        (_residency, _since, _measuredAt, _tierSeen) = (now, time.GetTimestamp(), null, null);
        if (wakes)
            _tier = LoadTier.Asleep;
        else if (now is Swapping.Residency.Cold or Swapping.Residency.Loading)
            SeeTier();
    }

    /// <summary>A request has come for it.</summary>
    public void Used()
    {
        _uses.Used(Now);
        (_hintedAt, _isUnasked) = (null, false);
    }

    /// <summary>Somebody may soon ask for it. That is no use of it.</summary>
    public void Hint()
    {
        if (Residency is Swapping.Residency.Hot or Swapping.Residency.Loading)
            return;
        _wasReadAhead &= IsHinted;
        // Where its files are decides what is done, and must not be what it was some seconds ago.
        (_hintedAt, _tierSeen) = (time.GetTimestamp(), null);
    }

    public bool IsHinted => _hintedAt is { } at && time.GetElapsedTime(at) < HintLife;

    /// <summary>It is decided that it is loaded.</summary>
    public void LoadDecided() => (_hintedAt, _isUnasked) = (null, IsHinted && Waiters.Count == 0 && !engine.Spec.IsPinned);

    public void ReadAheadDecided() => _wasReadAhead = true;

    public SwapUnit View()
    {
        if (Residency == Swapping.Residency.Cold && (Waiters.Count > 0 || IsHinted))
            SeeTier();
        return new SwapUnit
        {
            Id = engine.Id,
            Residency = Residency ?? Swapping.Residency.Failed,
            // One that sleeps and is to end has only this left.
            Bytes = engine.Status.State == EngineStates.Asleep && Residency == Swapping.Residency.Draining ? Sleep?.DeviceBytes ?? Bytes : Bytes,
            Device = Residency is Swapping.Residency.Cold or Swapping.Residency.Failed or null ? null : (engine.Place ?? engine.Places.FirstOrDefault())?.Index ?? 0,
            Places = engine.Places.Count == 0 ? null : [.. engine.OpenPlaces.Select(place => place.Index)],
            Sleep = Sleep,
            IsFallingAsleep = engine.MaySleep.IsSet,
            IsPinned = engine.Spec.IsPinned,
            IsHinted = IsHinted,
            IsUnasked = _isUnasked && Residency is Swapping.Residency.Loading or Swapping.Residency.Hot,
            ReadAheadBytes = IsHinted && !_wasReadAhead && Residency == Swapping.Residency.Cold && _tier == LoadTier.Disk ? engine.Weights.Sum(PageCache.LengthOf) : 0,
            InFlight = engine.Traffic.InFlight,
            Waiting = Waiters.Count,
            Waited = Waiters.Count == 0 ? TimeSpan.Zero : time.GetElapsedTime(Waiters.Min(waiter => waiter.Since)),
            Since = time.GetElapsedTime(_since),
            LoadSeconds = LoadSeconds,
            Reuse = _uses.Reuse(Now),
        };
    }

    private SwapSleep? Sleep => engine.Sleep is SleepAbility.Proven proven
        ? new SwapSleep(Math.Min(proven.AsleepBytes, Bytes), proven.HostBytes, loads.Measured(engine.Id, LoadTier.Asleep) ?? proven.WakeSeconds)
        : null;

    private double Now => (double)time.GetTimestamp() / time.TimestampFrequency;

    private void SeeTier()
    {
        if (_tierSeen is { } seen && time.GetElapsedTime(seen) < LookAgain || engine.Weights.Count == 0)
            return;
        _tierSeen = time.GetTimestamp();
        _tier = engine.Weights.All(file => PageCache.ResidentShare(file) >= 0.9) ? LoadTier.PageCache : LoadTier.Disk;
    }

    // The trial of its sleep is no part of loading it, and comes once.
    private double TrialSeconds()
    {
        var seconds = engine.SleepTrialSeconds;
        engine.SleepTrialSeconds = 0;
        return seconds;
    }

    // The estimate holds until the engine is seen to hold more: it fills its slots as they are used.
    private void Measure()
    {
        if (_residency != Swapping.Residency.Hot || engine.Status.ProcessId is not { } process || _measuredAt is { } last && time.GetElapsedTime(last) < LookAgain)
            return;
        _measuredAt = time.GetTimestamp();
        if (engine.Place is { IsHost: false })
            return; // What the process has of the machine's memory says nothing of the card's.

        // One that has outgrown its place has been in it all the same: for more than all of it no room would ever be found again.
        var most = (engine.Place ?? engine.Places.FirstOrDefault())?.Bytes ?? long.MaxValue;
        if (HardwareReader.MemoryOf(process) is { } measured && Math.Min(measured, most) > Bytes * 1.02)
            engine.Tell(status => status with { MemoryBytes = Math.Min(measured, most) });
    }
}
