namespace Comox.NodeAgent.Swapping;

/// <summary>
/// Decides what to load and what gives way. Pure: the same view gives the same plan, and nothing happens here.
/// <list type="number">
/// <item>Memory is a ledger: what is loaded, loading and draining holds its bytes, and so does what has been promised to those that came before.</item>
/// <item>Who waits longest is first, then pinned models that are not there. Nobody behind takes room from somebody in front, but who fits beside goes ahead.</item>
/// <item>Of the devices the one where the least is lost by what has to go, then where it is soonest loaded.</item>
/// <item>What gives way: the idle that lose least for their bytes, then, if they do not do, the busy. Not what is pinned, and not what was loaded a moment ago, measured by how long that
/// took; but who has waited too long gets room from the latter too.</item>
/// <item>What gives way sleeps where it can and the machine's memory has room for its weights, and is ended else. What sleeps is loaded by waking it, where it is, and gives way, too: of its
/// device what little it holds, and of the machine's memory its weights.</item>
/// <item>One model at a time is loaded into a device, because two would only share its bus; several devices load side by side.</item>
/// <item>A hint that somebody may soon ask counts while nobody waits and nothing is loaded. It makes nobody go: where there is room the model is loaded, else its files are read into what
/// memory the machine can spare. What a hint has loaded goes before everything else, and even while it is still being loaded, until somebody asks for it.</item>
/// </list>
/// </summary>
internal static class SwapScheduler
{
    public static SwapPlan Decide(SwapView view, SwapOptions options)
    {
        var devices = view.Devices.Select(device => new SwapLedger(device, view.Units)).ToList();
        var host = devices.Find(device => device.IsHost);
        // Those whose lot is decided here: they go, or they are loaded.
        var decided = new HashSet<string>(StringComparer.Ordinal);
        var (actions, waits, tooLarge, besidePinned) = (new List<SwapAction>(), new List<SwapWait>(), new List<string>(), new List<string>());
        foreach (var loading in view.Units.Where(unit => unit is { Residency: Residency.Loading, Waiting: > 0 }))
            waits.Add(new SwapWait(loading.Id, 1, Math.Max(0, loading.LoadSeconds - loading.Since.TotalSeconds)));

        foreach (var wanted in InOrder(view.Units))
        {
            var isEnded = decided.Contains(wanted.Id); // It slept in the way of somebody in front, and will be loaded when it has gone.
            var choice = isEnded ? null : devices.Where(device => device.IsFor(wanted)).Select(device => Choose(device, wanted, view.Units, decided, options)).Where(choice => choice is not null)
                .OrderBy(choice => choice!.Busy).ThenBy(choice => choice!.Loss).ThenBy(choice => choice!.Device.Seconds).ThenBy(choice => choice!.Device.Index).FirstOrDefault();
            if (choice is null)
            {
                if (wanted.IsOnlyHinted)
                {
                    if (wanted.ReadAheadBytes > 0 && wanted.ReadAheadBytes <= Spare(view, host) && devices.Exists(device => device.IsFor(wanted) && device.Bytes >= wanted.Bytes))
                        actions.Add(new SwapAction.ReadAhead(wanted.Id));
                }
                else if (devices.TrueForAll(device => !device.IsFor(wanted) || device.Bytes < wanted.Bytes))
                    tooLarge.Add(wanted.Id);
                else if (wanted is { Waiting: > 0, IsPinned: false } && devices.TrueForAll(device => !device.MayHold(wanted) || device.Bytes - PinnedIn(device, view.Units) < wanted.Bytes))
                    besidePinned.Add(wanted.Id);
                else if (!isEnded && wanted.Residency == Residency.Asleep && devices.Exists(device => device.MayHold(wanted) && device.Index != wanted.Device && device.Missing(wanted.Bytes) <= 0))
                    actions.Add(new SwapAction.Drain(wanted.Id)); // It cannot wake where it is, and could be loaded elsewhere.
                else if (wanted.Waiting > 0)
                    waits.Add(Stuck(devices, wanted, view.Units, decided, options));
                continue;
            }

            var device = choice.Device;
            decided.Add(wanted.Id);
            // What is left beyond what is needed may stay with those that sleep.
            var spare = choice.Leavers.Sum(leaver => device.Holds(leaver)) - device.Missing(wanted.BytesToHot);
            foreach (var leaver in choice.Leavers)
            {
                decided.Add(leaver.Id);
                if (leaver is { Residency: Residency.Hot, Sleep: { } sleep } && host is not null && device != host && sleep.DeviceBytes <= spare && MakeHostRoom(host, leaver, view.Units, decided, actions))
                {
                    spare -= sleep.DeviceBytes;
                    host.Takes(sleep.HostBytes);
                    device.Leaves(leaver, sleep.DeviceBytes);
                    actions.Add(new SwapAction.Sleep(leaver.Id));
                }
                else
                {
                    device.Leaves(leaver);
                    actions.Add(new SwapAction.Drain(leaver.Id));
                }
            }

            if (device.TryLoad(wanted))
                actions.Add(new SwapAction.Load(wanted.Id, device.Index));
            else
                device.Promise(wanted);
            if (wanted.Waiting > 0)
                waits.Add(new SwapWait(wanted.Id, device.Ahead, device.Seconds));
        }

        return new SwapPlan(actions, waits, tooLarge) { BesidePinned = besidePinned };
    }

    /// <summary>What it would come to if somebody asked for a cold model now.</summary>
    public static SwapQuote Quote(SwapView view, string unit, SwapOptions options)
    {
        // Who may not go yet is who would be lost: without this a node that has just loaded something would look like the cheapest of all.
        var unhurried = options with { MinResidency = TimeSpan.Zero };
        var plan = Decide(view with { Units = [.. view.Units.Select(known => known.Id == unit ? known with { Waiting = 1, Waited = TimeSpan.Zero } : known)] }, unhurried);
        var before = Decide(view, unhurried).Actions.Where(IsLeaving);
        var leavers = plan.Actions.Where(IsLeaving).Except(before).Select(drain => view.Units.First(known => known.Id == drain.Unit)).ToList();
        var asleep = plan.Actions.OfType<SwapAction.Sleep>().Select(sleep => sleep.Unit).ToHashSet(StringComparer.Ordinal);
        var held = leavers.Count == 0 ? 0 : Math.Clamp(leavers.Max(leaver => Unsettled(leaver, options)), 0, options.MaxWait.TotalSeconds);
        return new SwapQuote(plan.Waits.FirstOrDefault(wait => wait.Unit == unit)?.Seconds + held, leavers.Sum(leaver => asleep.Contains(leaver.Id) ? leaver.Reuse * leaver.Sleep!.WakeSeconds : leaver.Loss));

        static bool IsLeaving(SwapAction action) => action is SwapAction.Drain or SwapAction.Sleep;
    }

    private static long PinnedIn(SwapLedger device, IReadOnlyList<SwapUnit> units) => units.Where(unit => unit.IsPinned).Sum(device.Holds);

    private static IEnumerable<SwapUnit> InOrder(IReadOnlyList<SwapUnit> units)
    {
        var isQuiet = units.All(unit => unit is { Waiting: 0, Residency: not Residency.Loading });
        return units.Where(unit => unit.Residency is Residency.Cold or Residency.Asleep && (unit.Waiting > 0 || unit.IsPinned || (unit.IsHinted && isQuiet)))
            .OrderBy(unit => unit.Waiting > 0 ? 0 : unit.IsPinned ? 1 : 2).ThenByDescending(unit => unit.Waited).ThenBy(unit => unit.Id, StringComparer.Ordinal);
    }

    // An engine on the CPU maps its file: what it computes with counts as memory that files could have, and must not be pushed out.
    private static long Spare(SwapView view, SwapLedger? host) => (view.AvailableBytes ?? 0) - (host is null ? 0 : host.Bytes - host.Free);

    private static Choice? Choose(SwapLedger device, SwapUnit wanted, IReadOnlyList<SwapUnit> units, HashSet<string> decided, SwapOptions options)
    {
        if (device.Bytes < wanted.Bytes)
            return null;
        var missing = device.Missing(wanted.BytesToHot);
        if (missing <= 0)
            return new Choice(device, []);
        if (wanted.IsOnlyHinted)
            return null;

        var there = Movable(device, wanted, units, decided);
        var settled = there.Where(unit => Unsettled(unit, options) <= 0).ToList();
        var leavers = Least(device, settled, missing) ?? (wanted.Waited >= options.MaxWait ? Least(device, there, missing) : null);
        return leavers is null ? null : new Choice(device, leavers);
    }

    // A pinned model that nobody waits for makes nobody go whom somebody uses.
    private static List<SwapUnit> Movable(SwapLedger device, SwapUnit wanted, IReadOnlyList<SwapUnit> units, HashSet<string> decided) =>
    [
        .. units.Where(unit => unit is { Residency: Residency.Hot or Residency.Asleep, IsPinned: false } or { Residency: Residency.Loading, IsUnasked: true } && device.Holds(unit) > 0 && unit.Id != wanted.Id && !decided.Contains(unit.Id)
            && (wanted.Waiting > 0 || unit.InFlight == 0)),
    ];

    /// <summary>Seconds until it has been in memory long enough to go. Loading must not be most of what a card does.</summary>
    private static double Unsettled(SwapUnit unit, SwapOptions options) => unit.Residency == Residency.Asleep || unit.IsUnasked ? 0 :
        Math.Min(options.MinResidency.TotalSeconds, options.MinResidencyLoads * unit.LoadSeconds) - unit.Since.TotalSeconds;

    /// <summary>The idle before the busy, each by what is lost for a byte.</summary>
    private static List<SwapUnit>? Least(SwapLedger device, IEnumerable<SwapUnit> candidates, long missing) => MakingRoom.Choose(
        candidates.OrderBy(unit => unit.InFlight > 0).ThenBy(unit => unit.Loss / Math.Max(1, device.Holds(unit))).ThenBy(unit => unit.Id, StringComparer.Ordinal),
        device.Holds,
        missing);

    /// <summary>Room in the machine's memory for one that is to sleep, if need be in the place of sleepers that are worth less there.</summary>
    private static bool MakeHostRoom(SwapLedger host, SwapUnit sleeper, IReadOnlyList<SwapUnit> units, HashSet<string> decided, List<SwapAction> actions)
    {
        var (bytes, saved) = (sleeper.Sleep!.HostBytes, sleeper.Reuse * Math.Max(0, sleeper.LoadSeconds - sleeper.Sleep.WakeSeconds));
        var missing = bytes - host.RoomToSleep;
        if (missing <= 0)
            return true;
        var less = units.Where(unit => unit is { Residency: Residency.Asleep, Waiting: 0 } && !decided.Contains(unit.Id) && host.Holds(unit) > 0);
        if (Least(host, less, missing) is not { } gone || gone.Sum(unit => unit.Loss) >= saved)
            return false;

        // They end at once, before this one has finished what it has begun; where they have not, it is ended after all: whoever does it looks again.
        foreach (var unit in gone)
        {
            decided.Add(unit.Id);
            host.Ends(unit);
            actions.Add(new SwapAction.Drain(unit.Id));
        }

        return true;
    }

    /// <summary>What is there may not go yet: until enough of it may, or until it has waited too long. Null where pinned models are in the way for good.</summary>
    private static SwapWait Stuck(List<SwapLedger> devices, SwapUnit wanted, IReadOnlyList<SwapUnit> units, HashSet<string> decided, SwapOptions options)
    {
        var patience = Math.Max(0, (options.MaxWait - wanted.Waited).TotalSeconds);
        var soonest = devices.Where(device => device.IsFor(wanted) && device.Bytes >= wanted.Bytes)
            .Select(device => (Device: device, Seconds: Settled(device)))
            .OrderBy(place => place.Seconds ?? double.MaxValue).First();
        return new SwapWait(wanted.Id, soonest.Device.Ahead + 1, soonest.Seconds + soonest.Device.Seconds + wanted.SecondsToHot);

        double? Settled(SwapLedger device)
        {
            var missing = device.Missing(wanted.BytesToHot);
            foreach (var unit in Movable(device, wanted, units, decided).OrderBy(unit => Unsettled(unit, options)))
            {
                missing -= device.Holds(unit);
                if (missing <= 0)
                    return Math.Clamp(Unsettled(unit, options), 0, patience);
            }

            return null;
        }
    }

    private sealed record Choice(SwapLedger Device, IReadOnlyList<SwapUnit> Leavers)
    {
        public int Busy => Leavers.Count(unit => unit.InFlight > 0);
        public double Loss => Leavers.Sum(unit => unit.Loss);
    }
}
