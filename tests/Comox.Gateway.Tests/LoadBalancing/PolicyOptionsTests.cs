using Comox.Gateway.CircuitBreaking;
using Comox.Gateway.Fallback;
using Comox.Gateway.LoadBalancing;
using Microsoft.Extensions.Configuration;

namespace Comox.Gateway.Tests.LoadBalancing;

/// <summary>Every options record of routing and failure: the defaults are valid, and every fault names its key.</summary>
public sealed class PolicyOptionsTests
{
    private const string Section = "Comox:Gateway:Routes:0:X";

    [Fact]
    public void The_defaults_are_valid() => Assert.Equal<string>([],
    [
        .. new LoadOptions().Faults(Section), .. new LoadBalancingOptions().Faults(Section), .. new SessionTableOptions().Faults(Section), .. new PrefixIndexOptions().Faults(Section),
        .. new CircuitOptions().Faults(Section), .. new OutlierOptions().Faults(Section), .. new RetryBudgetOptions().Faults(Section),
    ]);

    [Fact]
    public void Every_fault_is_told_at_once_with_its_key()
    {
        var never = TimeSpan.FromSeconds(-1);
        Keys(["HalfLife", "PrefillTokensPerSecond", "TelemetryMaxAge", "ScrapeInterval", "ScrapeTimeout", "AdapterMaxAge"],
            new LoadOptions { HalfLife = never, PrefillTokensPerSecond = double.NaN, TelemetryMaxAge = never, ScrapeInterval = never, ScrapeTimeout = never, AdapterMaxAge = never }.Faults(Section));
        Keys(["ScrapeInterval"], new LoadOptions { ScrapeInterval = TimeSpan.FromSeconds(0.9) }.Faults(Section));
        Keys(["ScrapeInterval"], new LoadOptions { ScrapeInterval = TimeSpan.FromSeconds(5), TelemetryMaxAge = TimeSpan.FromSeconds(5) }.Faults(Section));
        Keys([], new LoadOptions { ScrapeInterval = TimeSpan.Zero }.Faults(Section));
        Keys(["Policy", "SessionMargin", "AffinityMargin", "AdapterLoadTime", "DecodeSlowdown", "TokenTime", "MinPrefixTokens", "LoadBound", "LoadSlack"],
            new LoadBalancingOptions
            {
                Policy = "best", SessionMargin = never, AffinityMargin = never, AdapterLoadTime = never, DecodeSlowdown = never, TokenTime = never,
                MinPrefixTokens = -1, LoadBound = 0.9, LoadSlack = -1,
            }.Faults(Section));
        Keys(["Capacity", "MaxAge"], new SessionTableOptions { Capacity = 0, MaxAge = never }.Faults(Section));
        Keys(["MaxBytes", "MaxAge"], new PrefixIndexOptions { MaxBytes = 0, MaxAge = never }.Faults(Section));
        Keys(["ConsecutiveFailures", "FailureRatio", "MinThroughput", "Window", "Break", "LongestBreak", "Jitter", "LongestRetryAfter", "SlowStart"],
            new CircuitOptions
            {
                ConsecutiveFailures = 0, FailureRatio = 0, MinThroughput = 0, Window = never, Break = TimeSpan.Zero, LongestBreak = never, Jitter = 1, LongestRetryAfter = never, SlowStart = never,
            }.Faults(Section));
        Keys(["MinPeers", "MinRequests", "SuccessGap", "LatencyFactor", "LatencyGap", "MaxEjected", "PanicBelow"],
            new OutlierOptions { MinPeers = 1, MinRequests = 0, SuccessGap = 0, LatencyFactor = 1, LatencyGap = never, MaxEjected = 2, PanicBelow = -1 }.Faults(Section));
        Keys(["Ratio", "MinPerSecond", "Window"], new RetryBudgetOptions { Ratio = -1, MinPerSecond = -1, Window = TimeSpan.FromSeconds(1.5) }.Faults(Section));
    }

    [Fact]
    public void They_can_be_bound_from_configuration()
    {
        var configuration = new ConfigurationBuilder().AddInMemoryCollection(
            [new("X:Policy", "session-affinity"), new("X:SessionMargin", "00:00:03"), new("X:LoadBound", "1.5")]).Build();
        var options = new LoadBalancingOptions();
        configuration.GetSection("X").Bind(options);

        Assert.Equal(new LoadBalancingOptions { Policy = LoadBalancingPolicies.SessionAffinity, SessionMargin = TimeSpan.FromSeconds(3), LoadBound = 1.5 }, options);
    }

    private static void Keys(string[] expected, IEnumerable<string> faults) =>
        Assert.Equal(expected.Select(key => $"{Section}:{key}"), faults.Select(fault => fault.Split(' ')[0]));
}
