namespace Comox.NodeAgent.Swapping;

/// <summary>Where a model is on its way in and out of a device's memory.</summary>
internal enum Residency
{
    /// <summary>Not in memory.</summary>
    Cold,

    /// <summary>Its engine starts. Its memory is taken from the moment this is decided.</summary>
    Loading,

    /// <summary>It answers.</summary>
    Hot,

    /// <summary>It finishes what it has begun and takes nothing new; then its engine ends. Its memory is taken until that.</summary>
    Draining,

    /// <summary>Its process sleeps: it holds little of the device and its weights in the machine's memory, and wakes where it is.</summary>
    Asleep,

    /// <summary>It cannot be loaded as things are.</summary>
    Failed,
}

/// <summary>Memory that models are loaded into: a card, or the machine's own for engines on the CPU.</summary>
/// <param name="Index">Its number.</param>
/// <param name="Bytes">What models may have of it.</param>
/// <param name="ForeignBytes">What others hold of it, as measured; 0 where nothing tells.</param>
/// <param name="IsHost">The machine's own memory, where the weights of the sleeping are.</param>
internal readonly record struct SwapDevice(int Index, long Bytes, long ForeignBytes = 0, bool IsHost = false)
{
    public long ForModels => Math.Max(0, Bytes - ForeignBytes);
}

/// <summary>One model that can be loaded.</summary>
internal sealed record SwapUnit
{
    public required string Id { get; init; }
    public required Residency Residency { get; init; }

    /// <summary>What it holds, measured, or will hold, estimated.</summary>
    public required long Bytes { get; init; }

    /// <summary>Where it is, is going to be, or sleeps; null: <see cref="Residency.Cold"/> or <see cref="Residency.Failed"/>.</summary>
    public int? Device { get; init; }

    /// <summary>The devices it may be loaded into; null: any.</summary>
    public IReadOnlyList<int>? Places { get; init; }

    /// <summary>What its sleep was found to be; null: it has none.</summary>
    public SwapSleep? Sleep { get; init; }

    /// <summary>While it drains: it will sleep then, and not end.</summary>
    public bool IsFallingAsleep { get; init; }

    /// <summary>To be in memory always.</summary>
    public bool IsPinned { get; init; }

    /// <summary>Requests that it works on.</summary>
    public int InFlight { get; init; }

    /// <summary>Requests that wait for it to be loaded.</summary>
    public int Waiting { get; init; }

    /// <summary>How long the first of them has waited.</summary>
    public TimeSpan Waited { get; init; }

    /// <summary>How long it is what <see cref="Residency"/> says.</summary>
    public TimeSpan Since { get; init; }

    /// <summary>Somebody may soon ask for it.</summary>
    public bool IsHinted { get; init; }

    /// <summary>Loaded for a hint, and nobody has asked for it yet: whoever really asks for something goes before it.</summary>
    public bool IsUnasked { get; init; }

    /// <summary>Bytes of its files that would have to be read from the disk; 0: they are in memory already, are being read, or have been.</summary>
    public long ReadAheadBytes { get; init; }

    /// <summary>A hint is all that speaks for loading it.</summary>
    public bool IsOnlyHinted => IsHinted && Waiting == 0 && !IsPinned;

    /// <summary>Predicted, for loading it from where it is now.</summary>
    public double LoadSeconds { get; init; }

    /// <summary>How probable it is that it is asked for again soon, 0 … 1; see <see cref="UseRate"/>.</summary>
    public double Reuse { get; init; }

    /// <summary>Seconds that are lost on average when it is ended now; of one that sleeps, what waking it would have saved.</summary>
    public double Loss => Reuse * (Residency == Residency.Asleep ? Math.Max(0, LoadSeconds - Sleep!.WakeSeconds) : LoadSeconds);

    /// <summary>Until it answers, from where it is.</summary>
    public double SecondsToHot => Residency == Residency.Asleep ? Sleep!.WakeSeconds : LoadSeconds;

    /// <summary>What a device must give it beyond what it has there.</summary>
    public long BytesToHot => Residency == Residency.Asleep ? Bytes - Sleep!.DeviceBytes : Bytes;
}

/// <summary>The sleep of an engine, as it was found when it was tried.</summary>
/// <param name="DeviceBytes">What it holds of its device meanwhile.</param>
/// <param name="HostBytes">What it holds of the machine's memory meanwhile.</param>
/// <param name="WakeSeconds">Predicted.</param>
internal sealed record SwapSleep(long DeviceBytes, long HostBytes, double WakeSeconds);

/// <summary>All that a decision rests on.</summary>
internal sealed record SwapView(IReadOnlyList<SwapDevice> Devices, IReadOnlyList<SwapUnit> Units)
{
    /// <summary>What the system could give to files without taking it from a process; null: unknown, and nothing is read ahead.</summary>
    public long? AvailableBytes { get; init; }
}

/// <summary>Something to do now.</summary>
internal abstract record SwapAction(string Unit)
{
    /// <summary>Start its engine on a device that has the room.</summary>
    public sealed record Load(string Unit, int Device) : SwapAction(Unit);

    /// <summary>Let it finish, then end it; one that sleeps is ended.</summary>
    public sealed record Drain(string Unit) : SwapAction(Unit);

    /// <summary>Let it finish, then have it sleep.</summary>
    public sealed record Sleep(string Unit) : SwapAction(Unit);

    /// <summary>Have the system read its files into memory, so that a load begins there.</summary>
    public sealed record ReadAhead(string Unit) : SwapAction(Unit);
}

/// <summary>What whoever waits for a model is told.</summary>
/// <param name="Unit">The model.</param>
/// <param name="Place">1: it is loaded now or next; of those that wait for the same device.</param>
/// <param name="Seconds">Until it answers, as predicted; null: nobody can say.</param>
internal sealed record SwapWait(string Unit, int Place, double? Seconds);

/// <param name="Actions">In this order.</param>
/// <param name="Waits">For each model that is waited for.</param>
/// <param name="TooLarge">Models that no device can hold, even empty.</param>
internal sealed record SwapPlan(IReadOnlyList<SwapAction> Actions, IReadOnlyList<SwapWait> Waits, IReadOnlyList<string> TooLarge)
{
    /// <summary>Models that somebody waits for and that fit nowhere beside those that always stay.</summary>
    public IReadOnlyList<string> BesidePinned { get; init; } = [];
}

/// <summary>What loading a model that nobody waits for would come to, for whoever chooses between nodes.</summary>
/// <param name="Seconds">Until it would answer; null: nobody can say.</param>
/// <param name="LossSeconds">What those would lose that had to go: the time to load each again × how probable it is that it is asked for.</param>
internal readonly record struct SwapQuote(double? Seconds, double LossSeconds);
