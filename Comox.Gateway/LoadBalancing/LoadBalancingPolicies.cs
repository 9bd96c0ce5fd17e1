using System.Collections.Immutable;

namespace Comox.Gateway.LoadBalancing;

/// <summary>The policies by name.</summary>
internal static class LoadBalancingPolicies
{
    /// <summary>Least predicted wait, sticky per session, then prefix, then adapter. The default.</summary>
    public const string Auto = "auto";

    /// <summary>In turn, by weight.</summary>
    public const string RoundRobin = "round-robin";

    /// <summary>The less loaded of two drawn by chance.</summary>
    public const string PowerOfTwo = "power-of-two";

    /// <summary>The one whose first token came soonest of late, times the requests it has.</summary>
    public const string LeastLatency = "least-latency";

    /// <summary>The one with the fewest tokens still to read and to write.</summary>
    public const string LeastOutstandingTokens = "least-outstanding-tokens";

    /// <summary>A session's backend follows from its key: without shared state all gateways agree.</summary>
    public const string SessionAffinity = "session-affinity";

    /// <summary>The one that holds most of the prompt.</summary>
    public const string PrefixAffinity = "prefix-affinity";

    /// <summary>The one that holds the LoRA adapter.</summary>
    public const string AdapterAffinity = "adapter-affinity";

    public static readonly ImmutableArray<string> Names =
        [Auto, RoundRobin, PowerOfTwo, LeastLatency, LeastOutstandingTokens, SessionAffinity, PrefixAffinity, AdapterAffinity];

    /// <summary>
    /// A route's policy. <paramref name="affinity"/> is what all routes remember together; <paramref name="dice"/> with a fixed seed repeat a decision.
    /// </summary>
    public static ILoadBalancingPolicy Create(LoadBalancingOptions options, Affinity affinity, Dice dice, TimeProvider time)
    {
        var leastOutstanding = new LeastOutstandingTokensPolicy(dice);
        return options.Policy switch
        {
            Auto => new AutoPolicy(options, affinity, dice, time),
            RoundRobin => new RoundRobinPolicy(),
            PowerOfTwo => new PowerOfTwoPolicy(dice),
            LeastLatency => new LeastLatencyPolicy(dice, time),
            LeastOutstandingTokens => leastOutstanding,
            SessionAffinity => new SessionAffinityPolicy(options, leastOutstanding),
            PrefixAffinity => new PrefixAffinityPolicy(options, affinity, leastOutstanding, time),
            AdapterAffinity => new AdapterAffinityPolicy(options, leastOutstanding, time),
            _ => throw new ArgumentException($"There is no policy '{options.Policy}'; validation lets none through that is not known.", nameof(options)),
        };
    }
}
