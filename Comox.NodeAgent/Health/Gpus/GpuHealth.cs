using System.Globalization;
using Comox.NodeAgent.Hardware.Gpus;
using Comox.ServiceDefaults.Contracts.Nodes;

namespace Comox.NodeAgent.Health.Gpus;

/// <summary>
/// Judges a card by one reading and by its own past, never by what cards of its kind should do. A figure that is unknown accuses nobody.
/// Being held at the power limit is no fault: a card with a lowered limit is so all the time.
/// </summary>
internal static class GpuHealth
{
    /// <summary>Hardware slowdown for longer than this ejects.</summary>
    public static readonly TimeSpan SlowdownPatience = TimeSpan.FromSeconds(5);

    /// <summary>So many errors of programs within <see cref="XidWindow"/> are the card's fault, or nobody can tell whose.</summary>
    public const int XidsToQuarantine = 3;

    /// <summary>One failure is many lines of the driver's (13, 13, 43): what comes this soon after the line before it belongs to it.</summary>
    public static readonly TimeSpan OneError = TimeSpan.FromMilliseconds(500);

    /// <summary>How long a program's error is held against a card.</summary>
    public static readonly TimeSpan XidWindow = TimeSpan.FromMinutes(10);

    /// <summary>How long heat and full memory are told of after they were last there.</summary>
    public static readonly TimeSpan Afterglow = TimeSpan.FromSeconds(10);

    private const string Slowed = "It slows down because it is hot. Give it air, clean its cooler, or lower its power limit (nvidia-smi -pl).";
    private const string Hot = "It is hot, and close to slowing down. Give it air, clean its cooler, or lower its power limit.";
    private const string Full = "More than 92 % of its memory is taken. A longer context or another request may fail: use fewer slots, a shorter context or a smaller model.";

    private const int FallenOffTheBus = 79;
    private const double LoadPercent = 90;
    private const double FullMemory = 0.92;
    private const double HotCelsius = 78;
    private const double CloseToSlowdownCelsius = 5;
    private const double NearPowerLimit = 0.95;
    private const double SlowClock = 0.85;
    private const double FailingClock = 0.6;
    private const int ReadingsToLearn = 20;
    private const int ReadingsToBelieve = 3;
    private const double Smoothing = 0.3;

    /// <param name="reading">The card as it was read.</param>
    /// <param name="history">Its past.</param>
    /// <param name="now">On a clock that never goes back.</param>
    public static (GpuStatus Card, GpuHistory History) Judge(GpuReading reading, GpuHistory history, TimeSpan now)
    {
        var next = Learn(reading.Card, history, now);
        var findings = Findings(reading, next, now).ToList();
        next = next with { Flickering = Flickering(next, findings, now) };
        findings.AddRange(next.Flickering.Where(seen => !findings.Exists(finding => finding.Text == seen.Text)).Select(seen => (false, seen.Text)));
        var last = next.Xids.Count == 0 ? (SeenXid?)null : next.Xids[^1];
        return (reading.Card with
        {
            LastXid = last is { } xid ? new GpuXid(xid.Code, Xids.Of(xid.Code).Meaning, xid.At) : null,
            Health = findings.Any(finding => finding.Ejects) ? Healths.Ejected : findings.Count > 0 ? Healths.Degraded : Healths.Ok,
            IsLost = reading.Presence is GpuPresence.Lost or GpuPresence.Missing || next.Xids.Any(seen => seen.Code == FallenOffTheBus),
            Reasons = [.. findings.OrderByDescending(finding => finding.Ejects).Select(finding => finding.Text)],
        }, next);
    }

    /// <summary>What stays of a card that cannot be read now: that it is there, and nothing that moves.</summary>
    public static GpuReading Unread(GpuStatus card, GpuPresence presence) => new(new GpuStatus
    {
        Index = card.Index,
        Name = card.Name,
        Source = card.Source,
        Uuid = card.Uuid,
        PciId = card.PciId,
        Driver = card.Driver,
        MemoryTotalBytes = card.MemoryTotalBytes,
        PowerLimitWatts = card.PowerLimitWatts,
        PcieGenerationMax = card.PcieGenerationMax,
        PcieWidthMax = card.PcieWidthMax,
    })
    {
        Presence = presence,
    };

    private static GpuHistory Learn(GpuStatus card, GpuHistory history, TimeSpan now)
    {
        var isSlowed = Has(card, GpuThrottles.HardwareSlowdown) || Has(card, GpuThrottles.HardwarePowerBrake);
        history = history with { SlowdownSince = isSlowed ? history.SlowdownSince ?? now : null };
        if (history.PowerLimit != card.PowerLimitWatts)
            history = history with { PowerLimit = card.PowerLimitWatts, LoadedClock = null, BaselineClock = null, LoadedReadings = 0 };
        if (!(card.UtilizationPercent > LoadPercent))
            return history with { NarrowReadings = 0 };

        if (card.CoreClockMegahertz is { } clock)
        {
            var loaded = history.LoadedClock is { } before ? before + (Smoothing * (clock - before)) : clock;
            var readings = Math.Min(history.LoadedReadings + 1, ReadingsToLearn);
            history = history with
            {
                LoadedClock = loaded,
                LoadedReadings = readings,
                BaselineClock = readings < ReadingsToLearn ? history.BaselineClock : Math.Max(history.BaselineClock ?? 0, loaded),
            };
        }

        var isNarrow = card.PcieWidth < history.LoadedWidth || card.PcieGeneration < history.LoadedGeneration;
        return history with
        {
            LoadedWidth = Most(history.LoadedWidth, card.PcieWidth),
            LoadedGeneration = Most(history.LoadedGeneration, card.PcieGeneration),
            NarrowReadings = isNarrow ? history.NarrowReadings + 1 : 0,
        };
    }

    // Heat and full memory cross their lines back and forth, and whoever watches would be woken every second.
    private static List<SeenFinding> Flickering(GpuHistory history, List<(bool Ejects, string Text)> findings, TimeSpan now) =>
    [
        .. from text in new[] { Slowed, Hot, Full }
        let at = findings.Exists(finding => finding.Text == text) ? now : history.Flickering.Where(seen => seen.Text == text).Select(seen => (TimeSpan?)seen.At).FirstOrDefault()
        where now - at < Afterglow
        select new SeenFinding(text, at.Value),
    ];

    private static IEnumerable<(bool Ejects, string Text)> Findings(GpuReading reading, GpuHistory history, TimeSpan now)
    {
        var card = reading.Card;
        switch (reading.Presence)
        {
            case GpuPresence.Lost:
                yield return (true, "The driver has lost this card. Reboot the node; if it is lost again, check power cables and heat, and seat the card anew.");
                break;
            case GpuPresence.Missing:
                yield return (true, "It is not there any more. Look into the kernel's log (dmesg | grep Xid), reboot the node, and seat the card anew if it stays away.");
                break;
            case GpuPresence.Silent:
                yield return (false, "The driver does not answer, so nothing is known of this card. If that stays so, look into the kernel's log (dmesg) and reboot the node.");
                break;
        }

        foreach (var finding in XidFindings(history, now))
            yield return finding;
        if (history.SlowdownSince is { } since)
        {
            yield return (now - since > SlowdownPatience,
                "The hardware holds its clocks down, which is the power supply, the cables or heat. Check the power connectors, whether the supply is strong enough, and the cooler.");
        }

        if (Has(card, GpuThrottles.HardwareThermal) || Has(card, GpuThrottles.SoftwareThermal))
            yield return (false, Slowed);
        else if (IsHot(reading))
            yield return (false, Hot);
        if (card.TemperatureCelsius >= reading.SlowdownCelsius)
            yield return (true, "It is hotter than where it protects itself. Stop the engines on it and look at its fans and cooler.");

        if (card is { MemoryUsedBytes: { } used, MemoryTotalBytes: { } total and > 0 } && used > FullMemory * total)
            yield return (false, Full);

        if (history is { BaselineClock: { } baseline, LoadedClock: { } clock } && card.UtilizationPercent > LoadPercent && clock < SlowClock * baseline)
        {
            var isFailing = clock < FailingClock * baseline;
            yield return (isFailing,
                "Under load its clock is well below what this card has shown at the same power limit. Look for heat, another program on it, or a failing power supply.");
        }

        if (history.NarrowReadings >= ReadingsToBelieve)
        {
            yield return (card.PcieWidth == 1 && history.LoadedWidth > 1,
                "Under load its PCIe link is narrower or slower than it has been. Seat the card anew and check the riser; models load slower until then.");
        }
    }

    private static IEnumerable<(bool Ejects, string Text)> XidFindings(GpuHistory history, TimeSpan now)
    {
        foreach (var code in history.Xids.Select(seen => seen.Code).Distinct())
        {
            var xid = Xids.Of(code);
            if (xid.Action == XidAction.Eject)
                yield return (true, string.Create(CultureInfo.InvariantCulture, $"XID {code}: {xid.Meaning}. {xid.ToDo}"));
        }

        var recent = history.Xids.Where(seen => now - seen.Heard <= XidWindow && Xids.Of(seen.Code).Action == XidAction.RestartEngine).ToList();
        if (recent.Count == 0)
            yield break;
        var last = Xids.Of(recent[^1].Code);
        var errors = recent.Where((seen, at) => at == 0 || seen.Heard - recent[at - 1].Heard > OneError).Count();
        yield return errors >= XidsToQuarantine
            ? (true, string.Create(CultureInfo.InvariantCulture, $"XID {recent[^1].Code}: {last.Meaning}, and the third such error within 10 minutes. It is left alone until they are past. {last.ToDo}"))
            : (false, string.Create(CultureInfo.InvariantCulture, $"XID {recent[^1].Code}: {last.Meaning}. {last.ToDo}"));
    }

    // Without a threshold from the card: hot, busy, and still drawing less than it may, which is what a card that heat holds back looks like.
    private static bool IsHot(GpuReading reading) =>
        reading.Card.TemperatureCelsius >= reading.SlowdownCelsius - CloseToSlowdownCelsius
        || (reading.Card.TemperatureCelsius >= HotCelsius && reading.Card.UtilizationPercent > LoadPercent && reading.Card.PowerWatts < NearPowerLimit * reading.Card.PowerLimitWatts);

    private static bool Has(GpuStatus card, string throttle) => card.Throttles?.Contains(throttle) == true;

    private static int? Most(int? one, int? other) => one is null ? other : other is null ? one : Math.Max(one.Value, other.Value);
}
