using System.Globalization;

namespace Comox.Gateway.CircuitBreaking.Stalls;

/// <summary>How long a silence may be before requests go elsewhere; see <see cref="Stall"/> and <see cref="StallWatch"/>.</summary>
internal sealed record StallOptions
{
    /// <summary>No node has sent anything, its beat included, for so long: new requests go to others while there are any.</summary>
    public TimeSpan QuietNode { get; set; } = TimeSpan.FromMilliseconds(300);

    /// <summary>…for so long: what it has not begun to answer is asked again elsewhere, and it comes back through a canary.</summary>
    public TimeSpan SilentNode { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>None of the streams of one backend has had a token for so long at least, and for <see cref="QuietGaps"/> times the usual: new requests go to others.</summary>
    public TimeSpan QuietBackend { get; set; } = TimeSpan.FromMilliseconds(250);

    /// <summary>How many usual pauses between two tokens are a silence.</summary>
    public double QuietGaps { get; set; } = 6;

    /// <summary>Its tokens of the last half second came this many times slower than usual: new requests go to others, too.</summary>
    public double SlowGaps { get; set; } = 4;

    /// <summary>None has had one for so long at least, and for <see cref="StalledGaps"/> times the usual: its circuit opens, and what it answers goes on elsewhere where that is possible.</summary>
    public TimeSpan StalledBackend { get; set; } = TimeSpan.FromMilliseconds(700);

    /// <inheritdoc cref="QuietGaps"/>
    public double StalledGaps { get; set; } = 16;

    /// <summary>The same for servers without a node agent, which are far away and send when they like.</summary>
    public TimeSpan StalledRemote { get; set; } = TimeSpan.FromSeconds(8);

    public IEnumerable<string> Faults(string section)
    {
        foreach (var (name, value) in (IEnumerable<(string, TimeSpan)>)[
            (nameof(QuietNode), QuietNode), (nameof(SilentNode), SilentNode), (nameof(QuietBackend), QuietBackend), (nameof(StalledBackend), StalledBackend), (nameof(StalledRemote), StalledRemote)])
        {
            if (value < TimeSpan.FromMilliseconds(100) || value > TimeSpan.FromHours(1))
                yield return $"{section}:{name} must be a time between 00:00:00.1 and 01:00:00, not {value}.";
        }

        if (SilentNode < QuietNode)
            yield return $"{section}:{nameof(SilentNode)} must not be shorter than {nameof(QuietNode)}.";
        if (StalledBackend < QuietBackend)
            yield return $"{section}:{nameof(StalledBackend)} must not be shorter than {nameof(QuietBackend)}.";
        if (SlowGaps is not (>= 1.5 and <= 1000))
            yield return string.Create(CultureInfo.InvariantCulture, $"{section}:{nameof(SlowGaps)} must be between 1.5 and 1000, not {SlowGaps}.");
        if (QuietGaps is not (>= 2 and <= 1000))
            yield return string.Create(CultureInfo.InvariantCulture, $"{section}:{nameof(QuietGaps)} must be between 2 and 1000, not {QuietGaps}.");
        if (StalledGaps is not (>= 2 and <= 1000) || StalledGaps < QuietGaps)
            yield return string.Create(CultureInfo.InvariantCulture, $"{section}:{nameof(StalledGaps)} must be between {nameof(QuietGaps)} and 1000, not {StalledGaps}.");
    }
}
