using System.Collections.Immutable;

namespace Comox.Gateway.Routing;

/// <summary>
/// Every key there is under <c>Comox:Gateway</c>; <c>*</c> stands for the number of an entry. Written out, because the native executable has no reflection to find them by; a test keeps
/// the list equal to the options records.
/// </summary>
internal static class KnownSettings
{
    public const string Entry = "*";

    /// <summary>What the route of a model and the one of the fleet have in common.</summary>
    private static readonly string[] Policies =
    [
        "MaxAttempts", "Continue", "HedgeAfter", "FirstTokenTimeout", "TokenIdleTimeout", "TotalTimeout",
        .. Under("LoadBalancing", "Policy", "SessionMargin", "AffinityMargin", "MinPrefixTokens", "AdapterLoadTime", "DecodeSlowdown", "TokenTime", "LoadBound", "LoadSlack"),
    ];

    public static readonly ImmutableArray<string> Paths =
    [
        "AdminKey", // The shared authentication's.
        "Nodes:*", "DefaultModel", "BrowserOrigins:*",
        "MaxRequestBytes", "MaxEventBytes", "MaxAnswerBytes",
        "ConnectTimeout", "FirstTokenTimeout", "TokenIdleTimeout", "TotalTimeout", "EndOfStreamTimeout", "KeepAliveInterval", "SlowClientTimeout",
        "RecallTimeout", "PendingReplyWait", "ModelListTimeout", "DrainTimeout", "DrainDelay",
        .. Under(
            "Routes:*",
            [
                "Model", .. Policies, "Pools:*:Name", "Pools:*:Fleet",
                .. Under("Pools:*:Backends:*", "Name", "Kind", "Url", "ApiKey", "Model", "Weight", "Slots", "ContextTokens"),
            ]),
        .. Under("FleetRoute", Policies),
        .. Under("Keys:*", "Name", "Key"),
        .. Under("Load", "HalfLife", "PrefillTokensPerSecond", "TelemetryMaxAge", "ScrapeInterval", "ScrapeTimeout", "AdapterMaxAge"),
        .. Under("Sessions", "Capacity", "MaxAge"),
        .. Under("Prefixes", "MaxBytes", "MaxAge"),
        .. Under("Circuit", "ConsecutiveFailures", "FailureRatio", "MinThroughput", "Window", "Break", "LongestBreak", "Jitter", "LongestRetryAfter", "SlowStart"),
        .. Under("Outliers", "MinPeers", "MinRequests", "SuccessGap", "LatencyFactor", "LatencyGap", "MaxEjected", "PanicBelow"),
        .. Under("Stalls", "QuietNode", "SilentNode", "QuietBackend", "QuietGaps", "SlowGaps", "StalledBackend", "StalledGaps", "StalledRemote"),
        .. Under("RetryBudget", "Ratio", "MinPerSecond", "Window"),
        .. Under("Relay", "Mode", "Loops"),
        .. Under("Telemetry", "CaptureContent", "EachChunk"),
        .. Under("Metrics", "Anonymous"),
    ];

    private static IEnumerable<string> Under(string section, params IEnumerable<string> keys) => keys.Select(key => $"{section}:{key}");
}
