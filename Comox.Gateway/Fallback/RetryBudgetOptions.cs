using System.Globalization;

namespace Comox.Gateway.Fallback;

/// <summary>How many second attempts the whole gateway may make.</summary>
internal sealed record RetryBudgetOptions
{
    /// <summary>Second attempts per request of the window.</summary>
    public double Ratio { get; set; } = 0.2;

    /// <summary>So many a second are always allowed: a quiet gateway must be able to retry, too.</summary>
    public double MinPerSecond { get; set; } = 3;

    /// <summary>Requests and attempts older than this are forgotten. Counted in whole seconds.</summary>
    public TimeSpan Window { get; set; } = TimeSpan.FromSeconds(10);

    public IEnumerable<string> Faults(string section)
    {
        if (Ratio is not (>= 0 and <= 10))
            yield return string.Create(CultureInfo.InvariantCulture, $"{section}:{nameof(Ratio)} must be between 0 and 10, not {Ratio}.");
        if (MinPerSecond is not (>= 0 and <= 1_000_000))
            yield return string.Create(CultureInfo.InvariantCulture, $"{section}:{nameof(MinPerSecond)} must be between 0 and 1000000, not {MinPerSecond}.");
        if (Window < TimeSpan.FromSeconds(1) || Window > TimeSpan.FromMinutes(10) || Window.Ticks % TimeSpan.TicksPerSecond != 0)
            yield return $"{section}:{nameof(Window)} must be whole seconds between 00:00:01 and 00:10:00, not {Window}.";
    }
}
