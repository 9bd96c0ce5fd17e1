namespace Comox.NodeAgent.Swapping;

/// <summary>One device while a plan is made.</summary>
internal sealed class SwapLedger
{
    // Finishing an answer, where somebody still talks; nobody knows how long it will be.
    private const double BusyDrainSeconds = 10;
    private const double IdleDrainSeconds = 1;

    private double _draining;
    private long _ended;

    public SwapLedger(SwapDevice device, IReadOnlyList<SwapUnit> units)
    {
        (Index, Bytes, IsHost) = (device.Index, device.Bytes, device.IsHost);
        Free = device.ForModels;
        foreach (var unit in units)
        {
            Free -= Holds(unit);
            if (unit.Device != Index)
                continue;
            switch (unit.Residency)
            {
                case Residency.Loading when unit.IsUnasked:
                    break; // Who really asks does not stand behind it, even if the two then share the bus.
                case Residency.Loading:
                    IsLoading = true;
                    Ahead++;
                    Seconds += Math.Max(0, unit.LoadSeconds - unit.Since.TotalSeconds);
                    break;
                case Residency.Draining:
                    Leaves(unit, unit is { IsFallingAsleep: true, Sleep: { } sleep } ? sleep.DeviceBytes : 0);
                    break;
            }
        }
    }

    public int Index { get; }

    /// <summary>What models may have of it while others hold none of it: who needs more never fits.</summary>
    public long Bytes { get; }
    public bool IsHost { get; }

    /// <summary>Held by nobody.</summary>
    public long Free { get; private set; }

    /// <summary>Held by who is about to go.</summary>
    public long Leaving { get; private set; }

    /// <summary>To be had by those in front, once it is free.</summary>
    public long Promised { get; private set; }

    /// <summary>For the weights of one that is to sleep: what is free, and what sleepers have that are ended at once. Others may take long to go.</summary>
    public long RoomToSleep => Free - Promised + _ended;

    public bool IsLoading { get; private set; }

    /// <summary>Models that are loaded into it before the next.</summary>
    public int Ahead { get; private set; }

    /// <summary>Until the last of them answers.</summary>
    public double Seconds { get; private set; }

    /// <summary>What others hold where they keep a unit from being loaded wherever it may go, even if everybody else went; null: they do not.</summary>
    public static long? InTheWay(SwapView view, string unit)
    {
        var wanted = view.Units.First(known => known.Id == unit);
        var able = view.Devices.Where(device => device.Bytes >= wanted.Bytes && (wanted.Places is null || wanted.Places.Contains(device.Index))).ToList();
        return able.Count > 0 && able.TrueForAll(device => device.ForModels < wanted.Bytes) ? able.Min(device => device.ForeignBytes) : null;
    }

    public bool MayHold(SwapUnit unit) => unit.Places is null || unit.Places.Contains(Index);

    /// <summary>Whether it can be loaded here from where it is: what sleeps wakes where it sleeps.</summary>
    public bool IsFor(SwapUnit unit) => unit.Residency == Residency.Asleep ? unit.Device == Index : MayHold(unit);

    /// <summary>What a unit has of this device.</summary>
    public long Holds(SwapUnit unit)
    {
        var here = unit.Device == Index;
        return unit.Residency switch
        {
            Residency.Loading or Residency.Hot => here ? unit.Bytes : 0,
            Residency.Draining => (here ? unit.Bytes : 0) + (IsHost && unit is { IsFallingAsleep: true, Sleep: { } going } ? going.HostBytes : 0),
            Residency.Asleep => (here ? unit.Sleep!.DeviceBytes : 0) + (IsHost ? unit.Sleep!.HostBytes : 0),
            _ => 0,
        };
    }

    /// <summary>What has to go beyond what is free or about to be; zero and less: nothing.</summary>
    public long Missing(long bytes) => bytes + Promised - Free - Leaving;

    /// <param name="unit">Who goes.</param>
    /// <param name="kept">What it keeps here, because it only sleeps.</param>
    public void Leaves(SwapUnit unit, long kept = 0)
    {
        Leaving += Holds(unit) - kept;
        _draining = Math.Max(_draining, unit.InFlight > 0 ? BusyDrainSeconds : IdleDrainSeconds);
    }

    /// <summary>A sleeper is ended.</summary>
    public void Ends(SwapUnit unit)
    {
        _ended += Holds(unit);
        Leaves(unit);
    }

    /// <summary>Room that is taken as of now.</summary>
    public void Takes(long bytes) => Free -= bytes;

    /// <summary>Takes the room for it now, if it is there and nobody in front will miss it.</summary>
    public bool TryLoad(SwapUnit unit)
    {
        if (IsLoading || Free < unit.BytesToHot || Missing(unit.BytesToHot) > 0)
            return false;
        Free -= unit.BytesToHot;
        IsLoading = true;
        Follow(unit);
        return true;
    }

    public void Promise(SwapUnit unit)
    {
        Promised += unit.BytesToHot;
        if (Free < Promised)
            Seconds = Math.Max(Seconds, _draining);
        Follow(unit);
    }

    private void Follow(SwapUnit unit)
    {
        Ahead++;
        Seconds += unit.SecondsToHot;
    }
}
