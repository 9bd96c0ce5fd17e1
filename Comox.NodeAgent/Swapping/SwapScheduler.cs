namespace Comox.NodeAgent.Swapping;

/// <summary>
/// Decides what to load and what gives way. Pure: the same view gives the same plan, and nothing happens here.
/// <list type="number">
/// <item>Memory is a ledger: what is loaded, loading and draining holds its bytes, and so does what has been promised to those that came before.</item>
/// <item>Who waits longest is first, then pinned models that are not there. Nobody behind takes room from somebody in front, but who fits beside goes ahead.</item>
/// <item>Of the devices the one where the least is lost by what has to go, then where it is soonest loaded.</item>
/// <item>What gives way: the idle that lose least for their bytes, then, if they do not do, the busy. Not what is pinned, and not what was loaded a moment ago, measured by how long that
/// took; but who has waited too long gets room from the latter too.</item>
/// <item>One model at a time is loaded into a device, because two would only share its bus; several devices load side by side.</item>
/// </list>
/// </summary>
internal static class SwapScheduler
{
    // Finishing an answer, where somebody still talks; nobody knows how long it will be.
    private const double BusyDrainSeconds = 10;
    private const double IdleDrainSeconds = 1;

    public static SwapPlan Decide(SwapView view, SwapOptions options)
    {
        var devices = view.Devices.Select(device => new Ledger(device, view.Units)).ToList();
        var leaving = new HashSet<string>(StringComparer.Ordinal);
        var (actions, waits, tooLarge) = (new List<SwapAction>(), new List<SwapWait>(), new List<string>());
        foreach (var loading in view.Units.Where(unit => unit is { Residency: Residency.Loading, Waiting: > 0 }))
            waits.Add(new SwapWait(loading.Id, 1, Math.Max(0, loading.LoadSeconds - loading.Since.TotalSeconds)));

        foreach (var wanted in InOrder(view.Units))
        {
            var choice = devices.Select(device => Choose(device, wanted, view.Units, leaving, options)).Where(choice => choice is not null)
                .OrderBy(choice => choice!.Busy).ThenBy(choice => choice!.Loss).ThenBy(choice => choice!.Device.Seconds).ThenBy(choice => choice!.Device.Index).FirstOrDefault();
            if (choice is null)
            {
                if (devices.TrueForAll(device => device.Bytes < wanted.Bytes))
                    tooLarge.Add(wanted.Id);
                else if (wanted.Waiting > 0)
                    waits.Add(Stuck(devices, wanted, view.Units, leaving, options));
                continue;
            }

            var device = choice.Device;
            foreach (var leaver in choice.Leavers)
            {
                actions.Add(new SwapAction.Drain(leaver.Id));
                leaving.Add(leaver.Id);
                device.Leaves(leaver);
            }

            if (device.TryLoad(wanted))
                actions.Add(new SwapAction.Load(wanted.Id, device.Index));
            else
                device.Promise(wanted);
            if (wanted.Waiting > 0)
                waits.Add(new SwapWait(wanted.Id, device.Ahead, device.Seconds));
        }

        return new SwapPlan(actions, waits, tooLarge);
    }

    /// <summary>What it would come to if somebody asked for a cold model now.</summary>
    public static SwapQuote Quote(SwapView view, string unit, SwapOptions options)
    {
        // Who may not go yet is who would be lost: without this a node that has just loaded something would look like the cheapest of all.
        var unhurried = options with { MinResidency = TimeSpan.Zero };
        var plan = Decide(view with { Units = [.. view.Units.Select(known => known.Id == unit ? known with { Waiting = 1, Waited = TimeSpan.Zero } : known)] }, unhurried);
        var before = Decide(view, unhurried).Actions.OfType<SwapAction.Drain>();
        var leavers = plan.Actions.OfType<SwapAction.Drain>().Except(before).Select(drain => view.Units.First(known => known.Id == drain.Unit)).ToList();
        var held = leavers.Count == 0 ? 0 : Math.Clamp(leavers.Max(leaver => Unsettled(leaver, options)), 0, options.MaxWait.TotalSeconds);
        return new SwapQuote(plan.Waits.FirstOrDefault(wait => wait.Unit == unit)?.Seconds + held, leavers.Sum(leaver => leaver.Loss));
    }

    private static IEnumerable<SwapUnit> InOrder(IReadOnlyList<SwapUnit> units) =>
        units.Where(unit => unit.Residency == Residency.Cold && (unit.Waiting > 0 || unit.IsPinned))
            .OrderBy(unit => unit.Waiting == 0).ThenByDescending(unit => unit.Waited).ThenBy(unit => unit.Id, StringComparer.Ordinal);

    private static Choice? Choose(Ledger device, SwapUnit wanted, IReadOnlyList<SwapUnit> units, HashSet<string> leaving, SwapOptions options)
    {
        if (device.Bytes < wanted.Bytes)
            return null;
        var missing = device.Missing(wanted);
        if (missing <= 0)
            return new Choice(device, []);

        var there = Movable(device, wanted, units, leaving);
        var settled = there.Where(unit => Unsettled(unit, options) <= 0).ToList();
        var leavers = Least(settled, missing) ?? (wanted.Waited >= options.MaxWait ? Least(there, missing) : null);
        return leavers is null ? null : new Choice(device, leavers);
    }

    // A pinned model that nobody waits for makes nobody go whom somebody uses.
    private static List<SwapUnit> Movable(Ledger device, SwapUnit wanted, IReadOnlyList<SwapUnit> units, HashSet<string> leaving) =>
    [
        .. units.Where(unit => unit is { Residency: Residency.Hot, IsPinned: false } && unit.Device == device.Index && !leaving.Contains(unit.Id)
            && (wanted.Waiting > 0 || unit.InFlight == 0)),
    ];

    /// <summary>Seconds until it has been in memory long enough to go. Loading must not be most of what a card does.</summary>
    private static double Unsettled(SwapUnit unit, SwapOptions options) =>
        Math.Min(options.MinResidency.TotalSeconds, options.MinResidencyLoads * unit.LoadSeconds) - unit.Since.TotalSeconds;

    /// <summary>The idle before the busy, each by what is lost for a byte.</summary>
    private static List<SwapUnit>? Least(IEnumerable<SwapUnit> candidates, long missing) => MakingRoom.Choose(
        candidates.OrderBy(unit => unit.InFlight > 0).ThenBy(unit => unit.Loss / Math.Max(1, unit.Bytes)).ThenBy(unit => unit.Id, StringComparer.Ordinal),
        unit => unit.Bytes,
        missing);

    /// <summary>What is there may not go yet: until enough of it may, or until it has waited too long. Null where pinned models are in the way for good.</summary>
    private static SwapWait Stuck(List<Ledger> devices, SwapUnit wanted, IReadOnlyList<SwapUnit> units, HashSet<string> leaving, SwapOptions options)
    {
        var patience = Math.Max(0, (options.MaxWait - wanted.Waited).TotalSeconds);
        var soonest = devices.Where(device => device.Bytes >= wanted.Bytes)
            .Select(device => (Device: device, Seconds: Settled(device)))
            .OrderBy(place => place.Seconds ?? double.MaxValue).First();
        return new SwapWait(wanted.Id, soonest.Device.Ahead + 1, soonest.Seconds + soonest.Device.Seconds + wanted.LoadSeconds);

        double? Settled(Ledger device)
        {
            var missing = device.Missing(wanted);
            foreach (var unit in Movable(device, wanted, units, leaving).OrderBy(unit => Unsettled(unit, options)))
            {
                missing -= unit.Bytes;
                if (missing <= 0)
                    return Math.Clamp(Unsettled(unit, options), 0, patience);
            }

            return null;
        }
    }

    private sealed record Choice(Ledger Device, IReadOnlyList<SwapUnit> Leavers)
    {
        public int Busy => Leavers.Count(unit => unit.InFlight > 0);
        public double Loss => Leavers.Sum(unit => unit.Loss);
    }

    /// <summary>One device while a plan is made.</summary>
    private sealed class Ledger
    {
        private double _draining;

        public Ledger(SwapDevice device, IReadOnlyList<SwapUnit> units)
        {
            (Index, Bytes) = (device.Index, device.ForModels);
            Free = Bytes;
            foreach (var unit in units.Where(unit => unit.Device == device.Index))
            {
                switch (unit.Residency)
                {
                    case Residency.Loading:
                        Free -= unit.Bytes;
                        IsLoading = true;
                        Ahead++;
                        Seconds += Math.Max(0, unit.LoadSeconds - unit.Since.TotalSeconds);
                        break;
                    case Residency.Hot:
                        Free -= unit.Bytes;
                        break;
                    case Residency.Draining:
                        Free -= unit.Bytes;
                        Leaves(unit);
                        break;
                }
            }
        }

        public int Index { get; }
        public long Bytes { get; }

        /// <summary>Held by nobody.</summary>
        public long Free { get; private set; }

        /// <summary>Held by who is about to go.</summary>
        public long Leaving { get; private set; }

        /// <summary>To be had by those in front, once it is free.</summary>
        public long Promised { get; private set; }

        public bool IsLoading { get; private set; }

        /// <summary>Models that are loaded into it before the next.</summary>
        public int Ahead { get; private set; }

        /// <summary>Until the last of them answers.</summary>
        public double Seconds { get; private set; }

        /// <summary>What has to go beyond what is free or about to be; zero and less: nothing.</summary>
        public long Missing(SwapUnit unit) => unit.Bytes + Promised - Free - Leaving;

        public void Leaves(SwapUnit unit)
        {
            Leaving += unit.Bytes;
            _draining = Math.Max(_draining, unit.InFlight > 0 ? BusyDrainSeconds : IdleDrainSeconds);
        }

        /// <summary>Takes the room for it now, if it is there and nobody in front will miss it.</summary>
        public bool TryLoad(SwapUnit unit)
        {
            if (IsLoading || Free < unit.Bytes || Missing(unit) > 0)
                return false;
            Free -= unit.Bytes;
            IsLoading = true;
            Follow(unit);
            return true;
        }

        public void Promise(SwapUnit unit)
        {
            Promised += unit.Bytes;
            if (Free < Promised)
                Seconds = Math.Max(Seconds, _draining);
            Follow(unit);
        }

        private void Follow(SwapUnit unit)
        {
            Ahead++;
            Seconds += unit.LoadSeconds;
        }
    }
}
