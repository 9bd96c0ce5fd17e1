namespace Comox.Gateway.LoadBalancing;

/// <summary>
/// How long a request would wait at each backend, in seconds ÷ weight. The terms:
/// <list type="table">
/// <item><term>reading</term><description>uncached prompt tokens ahead, mine included, ÷ prefill rate</description></item>
/// <item><term>writing</term><description>requests in flight × my expected tokens × what each of them slows one token by</description></item>
/// <item><term>queue</term><description>where slots are counted and all are taken: requests over them × time of an answer ÷ slots</description></item>
/// <item><term>swap</term><description>what its node predicts until the model is in memory, where it is not</description></item>
/// <item><term>adapter</term><description>loading it, where the backend does not hold it</description></item>
/// <item><term>correction</term><description>the same for what others do there, and 0.15 s · k / (1 − k) for a KV cache k full: fresh telemetry</description></item>
/// </list>
/// All requests in flight count as writing, not only those past their first token: in a burst nobody has one yet, and all will be writing beside this one.
/// A backend without telemetry gets the mean correction of the others; zero would make the silent one look idle.
/// </summary>
internal sealed class WaitPrediction(LoadBalancingOptions options)
{
    /// <summary>A prompt of others, of which only the number is known.</summary>
    private const double ForeignPromptTokens = 1024;

    private const double KvPressureSeconds = 0.15;
    private const double FullestKv = 0.98;

    /// <summary>Decides between backends that are otherwise equal, and nothing else.</summary>
    private const double Touch = 1e-6;

    private readonly double _slowdown = options.DecodeSlowdown.TotalSeconds;
    private readonly double _token = options.TokenTime.TotalSeconds;
    private readonly double _adapter = options.AdapterLoadTime.TotalSeconds;

    /// <summary>What reading so many prompt tokens takes at a backend.</summary>
    public double Reading(in Candidate candidate, int tokens) => candidate.Weight <= 0 ? 0 : tokens * candidate.Load.SecondsPerToken / candidate.Weight;

    public void Predict(ReadOnlySpan<Candidate> candidates, in RoutingRequest request, ReadOnlySpan<int> cached, long now, Span<double> waits)
    {
        // Terms that some candidates know and others do not: for those the mean of the ones who do. Without any telemetry there is nothing to add.
        var (queues, queueSum, caches, cacheSum) = (0, 0.0, 0, 0.0);
        foreach (ref readonly var candidate in candidates)
        {
            if (candidate.Load.Foreign(now) is not { } foreign)
                continue;
            if (Others(candidate.Load, foreign, request) is var others && !double.IsNaN(others))
                (queues, queueSum) = (queues + 1, queueSum + others);
            if (KvPressure(foreign) is var pressure && !double.IsNaN(pressure))
                (caches, cacheSum) = (caches + 1, cacheSum + pressure);
        }

        var (meanOthers, meanPressure) = (queues == 0 ? 0 : queueSum / queues, caches == 0 ? 0 : cacheSum / caches);
        for (var at = 0; at < candidates.Length; at++)
        {
            ref readonly var candidate = ref candidates[at];
            var wait = Ledger(candidate.Load, request, cached[at], now);
            if (queues + caches > 0)
            {
                var foreign = candidate.Load.Foreign(now);
                wait += Or(foreign is null ? double.NaN : Others(candidate.Load, foreign, request), meanOthers);
                wait += Or(foreign is null ? double.NaN : KvPressure(foreign), meanPressure);
            }

            waits[at] = candidate.Weight > 0 ? wait / candidate.Weight : double.PositiveInfinity;
        }
    }

    private double Ledger(BackendLoad load, in RoutingRequest request, int cached, long now)
    {
        var inFlight = load.InFlight;
        var wait = load.SwapSeconds + ((load.PromptTokens + Math.Max(0, request.PromptTokens - cached)) * load.SecondsPerToken)
            + (inFlight * ((request.OutputTokens * _slowdown) + Touch));
        if (load.Slots is { } slots && inFlight >= slots)
        {
            var answer = load.ServiceSeconds is var measured && double.IsNaN(measured) ? Math.Max(1, request.OutputTokens) * _token : measured;
            wait += (inFlight - slots + 1) * answer / slots;
        }

        if (request.Adapter is { } adapter && !load.Adapters.Holds(adapter, now))
            wait += _adapter;
        return wait;
    }

    private double Others(BackendLoad load, ForeignLoad foreign, in RoutingRequest request) => foreign.Requests is { } requests
        ? (foreign.Waiting * ForeignPromptTokens * load.SecondsPerToken) + (requests * request.OutputTokens * _slowdown)
        : double.NaN;

    private static double KvPressure(ForeignLoad foreign) =>
        foreign.Telemetry.KvUsage is { } usage && Math.Clamp(usage, 0, FullestKv) is var kv ? KvPressureSeconds * kv / (1 - kv) : double.NaN;

    private static double Or(double value, double otherwise) => double.IsNaN(value) ? otherwise : value;
}
