using System.Globalization;

namespace Comox.Gateway.CircuitBreaking;

/// <summary>When a backend is worse than its peers, and how many may be left out for it.</summary>
internal sealed record OutlierOptions
{
    /// <summary>With fewer peers that have enough outcomes nobody can be told apart.</summary>
    public int MinPeers { get; set; } = 3;

    /// <summary>Outcomes a backend needs in the window to be judged.</summary>
    public int MinRequests { get; set; } = 10;

    /// <summary>How far below the median of the pool a success rate must lie, 0 to 1.</summary>
    public double SuccessGap { get; set; } = 0.3;

    /// <summary>How many times the median of the pool a time to the first token must be…</summary>
    public double LatencyFactor { get; set; } = 4;

    /// <summary>…and by how much longer at least: four times a few milliseconds is nothing.</summary>
    public TimeSpan LatencyGap { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>Part of the pool, 0 to 1, that may be left out, those with an open circuit included. One may always be.</summary>
    public double MaxEjected { get; set; } = 0.34;

    /// <summary>
    /// When less than this part of the pool is left, everybody is used again: a few that drown in the work of all help nobody. 0 turns it off.
    /// </summary>
    public double PanicBelow { get; set; } = 0.5;

    public IEnumerable<string> Faults(string section)
    {
        if (MinPeers is < 2 or > 1000)
            yield return string.Create(CultureInfo.InvariantCulture, $"{section}:{nameof(MinPeers)} must be between 2 and 1000, not {MinPeers}.");
        if (MinRequests is < 1 or > 1_000_000)
            yield return string.Create(CultureInfo.InvariantCulture, $"{section}:{nameof(MinRequests)} must be between 1 and 1000000, not {MinRequests}.");
        if (SuccessGap is not (> 0 and <= 1))
            yield return string.Create(CultureInfo.InvariantCulture, $"{section}:{nameof(SuccessGap)} must be above 0 and at most 1, not {SuccessGap}.");
        if (LatencyFactor is not (> 1 and <= 1000))
            yield return string.Create(CultureInfo.InvariantCulture, $"{section}:{nameof(LatencyFactor)} must be above 1 and at most 1000, not {LatencyFactor}.");
        if (LatencyGap < TimeSpan.Zero || LatencyGap > TimeSpan.FromHours(1))
            yield return $"{section}:{nameof(LatencyGap)} must be a time between 00:00:00 and 01:00:00, not {LatencyGap}.";
        if (MaxEjected is not (>= 0 and <= 1))
            yield return string.Create(CultureInfo.InvariantCulture, $"{section}:{nameof(MaxEjected)} must be between 0 and 1, not {MaxEjected}.");
        if (PanicBelow is not (>= 0 and <= 1))
            yield return string.Create(CultureInfo.InvariantCulture, $"{section}:{nameof(PanicBelow)} must be between 0 and 1, not {PanicBelow}.");
    }
}
