using System.Globalization;

namespace Comox.Gateway.CircuitBreaking;

/// <summary>When a backend's circuit opens, for how long, and how the backend comes back.</summary>
internal sealed record CircuitOptions
{
    /// <summary>Failures in a row that open it.</summary>
    public int ConsecutiveFailures { get; set; } = 5;

    /// <summary>Part of the outcomes in the window, 0 to 1, that must be failures to open it.</summary>
    public double FailureRatio { get; set; } = 0.5;

    /// <summary>With fewer outcomes in the window the ratio says nothing.</summary>
    public int MinThroughput { get; set; } = 10;

    /// <summary>How far back the ratio looks.</summary>
    public TimeSpan Window { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>How long it stays open the first time; twice as long each time that follows.</summary>
    public TimeSpan Break { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>
    /// The longest it stays open, unless the backend itself asks for more. Closed for as long as this, it begins again with <see cref="Break"/>.
    /// </summary>
    public TimeSpan LongestBreak { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>Part by which a break is shortened or lengthened by chance, so that many gateways do not come back at the same moment.</summary>
    public double Jitter { get; set; } = 0.2;

    /// <summary>The longest <c>Retry-After</c> that is believed.</summary>
    public TimeSpan LongestRetryAfter { get; set; } = TimeSpan.FromMinutes(10);

    /// <summary>How long a backend that came back takes to its full share; zero: at once.</summary>
    public TimeSpan SlowStart { get; set; } = TimeSpan.FromSeconds(10);

    public IEnumerable<string> Faults(string section)
    {
        if (ConsecutiveFailures is < 1 or > 10_000)
            yield return string.Create(CultureInfo.InvariantCulture, $"{section}:{nameof(ConsecutiveFailures)} must be between 1 and 10000, not {ConsecutiveFailures}.");
        if (FailureRatio is not (> 0 and <= 1))
            yield return string.Create(CultureInfo.InvariantCulture, $"{section}:{nameof(FailureRatio)} must be above 0 and at most 1, not {FailureRatio}.");
        if (MinThroughput is < 1 or > 1_000_000)
            yield return string.Create(CultureInfo.InvariantCulture, $"{section}:{nameof(MinThroughput)} must be between 1 and 1000000, not {MinThroughput}.");
        if (Window < TimeSpan.FromSeconds(1) || Window > TimeSpan.FromHours(1))
            yield return $"{section}:{nameof(Window)} must be a time between 00:00:01 and 01:00:00, not {Window}.";
        if (Break < TimeSpan.FromMilliseconds(10) || Break > TimeSpan.FromHours(1))
            yield return $"{section}:{nameof(Break)} must be a time between 00:00:00.01 and 01:00:00, not {Break}.";
        if (LongestBreak < Break || LongestBreak > TimeSpan.FromHours(1))
            yield return $"{section}:{nameof(LongestBreak)} must be a time from {nameof(Break)} to 01:00:00, not {LongestBreak}.";
        if (Jitter is not (>= 0 and < 1))
            yield return string.Create(CultureInfo.InvariantCulture, $"{section}:{nameof(Jitter)} must be from 0 to below 1, not {Jitter}.");
        if (LongestRetryAfter < TimeSpan.Zero || LongestRetryAfter > TimeSpan.FromHours(24))
            yield return $"{section}:{nameof(LongestRetryAfter)} must be a time between 00:00:00 and a day, not {LongestRetryAfter}.";
        if (SlowStart < TimeSpan.Zero || SlowStart > TimeSpan.FromHours(1))
            yield return $"{section}:{nameof(SlowStart)} must be a time between 00:00:00 and 01:00:00, not {SlowStart}.";
    }
}
