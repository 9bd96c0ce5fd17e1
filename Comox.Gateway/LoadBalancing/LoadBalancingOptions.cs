using System.Globalization;

namespace Comox.Gateway.LoadBalancing;

/// <summary>How a route chooses among its backends. Every time below is weighed against predicted waits, so the numbers say what stickiness is worth.</summary>
internal sealed record LoadBalancingOptions
{
    /// <summary>One of <see cref="LoadBalancingPolicies.Names"/>.</summary>
    public string Policy { get; set; } = LoadBalancingPolicies.Auto;

    /// <summary>
    /// How much longer a session may wait at its own backend than at the best one. Also steadies conversations whose prompts change in the middle.
    /// </summary>
    public TimeSpan SessionMargin { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>The same for a backend that holds only the prefix or the adapter.</summary>
    public TimeSpan AffinityMargin { get; set; } = TimeSpan.FromMilliseconds(200);

    /// <summary>A shorter shared prefix is no reason to prefer a backend.</summary>
    public int MinPrefixTokens { get; set; } = 256;

    /// <summary>How long an engine takes to load an adapter that it does not hold.</summary>
    public TimeSpan AdapterLoadTime { get; set; } = TimeSpan.FromMilliseconds(500);

    /// <summary>By how much each request in a batch lengthens one token of every other.</summary>
    public TimeSpan DecodeSlowdown { get; set; } = TimeSpan.FromMicroseconds(100);

    /// <summary>The time of one token, to guess how soon a slot becomes free before any answer has been measured.</summary>
    public TimeSpan TokenTime { get; set; } = TimeSpan.FromMilliseconds(20);

    /// <summary>A backend with more than this many times its share of the requests is not preferred for what it holds.</summary>
    public double LoadBound { get; set; } = 1.25;

    /// <summary>Up to so many requests more than its share a backend is not overfull: among few requests every share is uneven.</summary>
    public int LoadSlack { get; set; } = 8;

    public IEnumerable<string> Faults(string section)
    {
        if (!LoadBalancingPolicies.Names.Contains(Policy))
            yield return $"{section}:{nameof(Policy)} must be one of {string.Join(", ", LoadBalancingPolicies.Names)}, not '{Policy}'.";
        foreach (var (key, value) in new[]
        {
            (nameof(SessionMargin), SessionMargin), (nameof(AffinityMargin), AffinityMargin), (nameof(AdapterLoadTime), AdapterLoadTime),
            (nameof(DecodeSlowdown), DecodeSlowdown), (nameof(TokenTime), TokenTime),
        })
        {
            if (value < TimeSpan.Zero || value > TimeSpan.FromHours(1))
                yield return $"{section}:{key} must be a time between 00:00:00 and 01:00:00, not {value}.";
        }

        if (MinPrefixTokens is < 0 or > 10_000_000)
            yield return string.Create(CultureInfo.InvariantCulture, $"{section}:{nameof(MinPrefixTokens)} must be between 0 and 10000000, not {MinPrefixTokens}.");
        if (LoadBound is not (>= 1 and <= 100))
            yield return string.Create(CultureInfo.InvariantCulture, $"{section}:{nameof(LoadBound)} must be between 1 and 100, not {LoadBound}.");
        if (LoadSlack is < 0 or > 10_000)
            yield return string.Create(CultureInfo.InvariantCulture, $"{section}:{nameof(LoadSlack)} must be between 0 and 10000, not {LoadSlack}.");
    }
}
