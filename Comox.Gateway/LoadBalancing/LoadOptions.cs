using System.Globalization;

namespace Comox.Gateway.LoadBalancing;

/// <summary>How the load of every backend is estimated, whichever route leads to it.</summary>
internal sealed record LoadOptions
{
    /// <summary>After this long a measured first token, prefill rate or answer time counts half.</summary>
    public TimeSpan HalfLife { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Prompt tokens a second that a backend is taken to read until it has been measured.</summary>
    public double PrefillTokensPerSecond { get; set; } = 2000;

    /// <summary>Telemetry older than this is unknown.</summary>
    public TimeSpan TelemetryMaxAge { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// The time from one answer of an engine's about its own load to the next question, up to a fifth more; zero: engines are not asked. Not below a second: vLLM has been seen to hang
    /// under quicker scrapes, and the ledger is the fast signal anyway.
    /// </summary>
    public TimeSpan ScrapeInterval { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>How long an engine may take to say all of it.</summary>
    public TimeSpan ScrapeTimeout { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>How long after its last use an adapter is taken to be still in a backend's memory.</summary>
    public TimeSpan AdapterMaxAge { get; set; } = TimeSpan.FromMinutes(10);

    public IEnumerable<string> Faults(string section)
    {
        if (HalfLife < TimeSpan.FromSeconds(1) || HalfLife > TimeSpan.FromHours(1))
            yield return $"{section}:{nameof(HalfLife)} must be a time between 00:00:01 and 01:00:00, not {HalfLife}.";
        if (PrefillTokensPerSecond is not (>= 1 and <= 10_000_000))
            yield return string.Create(CultureInfo.InvariantCulture, $"{section}:{nameof(PrefillTokensPerSecond)} must be between 1 and 10000000, not {PrefillTokensPerSecond}.");
        if (TelemetryMaxAge < TimeSpan.FromMilliseconds(100) || TelemetryMaxAge > TimeSpan.FromMinutes(10))
            yield return $"{section}:{nameof(TelemetryMaxAge)} must be a time between 00:00:00.1 and 00:10:00, not {TelemetryMaxAge}.";
        if (ScrapeInterval != TimeSpan.Zero && (ScrapeInterval < TimeSpan.FromSeconds(1) || ScrapeInterval > TimeSpan.FromMinutes(5)))
            yield return $"{section}:{nameof(ScrapeInterval)} must be 00:00:00 (engines are not asked), or a time between 00:00:01 and 00:05:00, not {ScrapeInterval}.";
        else if (ScrapeInterval >= TelemetryMaxAge)
            yield return $"{section}:{nameof(ScrapeInterval)} must be below {nameof(TelemetryMaxAge)}, which is {TelemetryMaxAge}: what an engine has said would be forgotten before it is asked again.";
        if (ScrapeTimeout < TimeSpan.FromMilliseconds(100) || ScrapeTimeout > TimeSpan.FromMinutes(1))
            yield return $"{section}:{nameof(ScrapeTimeout)} must be a time between 00:00:00.1 and 00:01:00, not {ScrapeTimeout}.";
        if (AdapterMaxAge <= TimeSpan.Zero || AdapterMaxAge > TimeSpan.FromHours(24))
            yield return $"{section}:{nameof(AdapterMaxAge)} must be a time above zero and at most a day, not {AdapterMaxAge}.";
    }
}
