using Comox.Gateway.CircuitBreaking.Stalls;

namespace Comox.Gateway.LoadBalancing;

/// <summary>
/// The live ledger of one (backend, model): what we have sent there and have not yet got back. It is the fast signal of routing, right the moment a request is
/// sent; what the engine says of itself comes a second later and only corrects it. It outlives every reload of the configuration. Safe for all threads.
/// </summary>
internal sealed class BackendLoad
{
    /// <summary>Fewer prompt tokens than this measure the engine's fixed costs and not its rate.</summary>
    private const int LeastTokensToMeasure = 256;

    private readonly TimeProvider _time;
    private readonly DecayedRatio _firstToken;
    private readonly DecayedRatio _prefill;
    private readonly DecayedRatio _service;
    private readonly DecayedRatio _cacheTrust;
    private readonly DecayedSum _recent;
    private readonly long _telemetryMaxAge;

    private long _inFlight;
    private long _decoding;
    private long _promptTokens;
    private long _outputTokens;
    private double _weight = 1;

    // What every decision reads of the estimates, beside the counters: 32 backends × 200 models do not fit into a cache, so each object that is touched is
    // waited for.
    private double _secondsPerToken;
    private double _trust = 1;
    private long _position;
    private int _slots;
    private double _swapSeconds;
    private ForeignLoad? _foreign;

    public BackendLoad(string id, int slot, LoadOptions options, TimeProvider time)
    {
        (Id, Slot, _time) = (id, slot, time);
        IdHash = PrefixHasher.Seed(id);
        _secondsPerToken = 1 / options.PrefillTokensPerSecond;
        _firstToken = new DecayedRatio(options.HalfLife, time);
        _prefill = new DecayedRatio(options.HalfLife, time);
        _service = new DecayedRatio(options.HalfLife, time);
        _cacheTrust = new DecayedRatio(options.HalfLife, time);
        _recent = new DecayedSum(options.HalfLife, time);
        _telemetryMaxAge = (long)(options.TelemetryMaxAge.TotalSeconds * time.TimestampFrequency);
        Adapters = new AdapterMemory(options.AdapterMaxAge, time);
    }

    /// <summary>The backend's name, the same on every gateway: <c>gpu-1/chat</c>.</summary>
    public string Id { get; }
    public ulong IdHash { get; }

    /// <summary>Its number among the backends of its model, see <see cref="BackendLoads"/>.</summary>
    public int Slot { get; }
    public AdapterMemory Adapters { get; }

    /// <summary>What it works on, attempt by attempt.</summary>
    public BackendPulse Pulse { get; } = new();

    /// <summary>Its share of the work against its peers; 1 unless configured.</summary>
    public double Weight
    {
        get => Volatile.Read(ref _weight);
        set => Volatile.Write(ref _weight, value);
    }

    /// <summary>Requests it answers at the same time; more of them wait. Null when unknown, or when the engine batches as many as fit.</summary>
    public int? Slots
    {
        get => Volatile.Read(ref _slots) is var slots and > 0 ? slots : null;
        set => Volatile.Write(ref _slots, value ?? 0);
    }

    /// <summary>Until its model is in memory, as its node predicts, and what others lose by that; 0: it is.</summary>
    public double SwapSeconds
    {
        get => Volatile.Read(ref _swapSeconds);
        set => Volatile.Write(ref _swapSeconds, value);
    }

    /// <summary>How far it has come in the round robin; belongs to <see cref="RoundRobinPolicy"/>.</summary>
    public long Position => Volatile.Read(ref _position);

    // A first token that races with the end may take a counter below zero for an instant.
    public int InFlight => (int)Math.Max(0, Volatile.Read(ref _inFlight));
    public int Decoding => (int)Math.Max(0, Volatile.Read(ref _decoding));

    /// <summary>Prompt tokens sent, not in its prefix cache as far as predicted, and not yet read.</summary>
    public long PromptTokens => Math.Max(0, Volatile.Read(ref _promptTokens));

    /// <summary>Tokens that the requests in flight are expected to be answered with, those already streamed included.</summary>
    public long OutputTokens => Math.Max(0, Volatile.Read(ref _outputTokens));

    /// <summary>Prompt tokens a second, measured or else assumed.</summary>
    public double PrefillRate => 1 / SecondsPerToken;

    /// <summary>The same as a factor: seconds to read one prompt token.</summary>
    public double SecondsPerToken => Volatile.Read(ref _secondsPerToken);

    /// <summary>How much of what was predicted to be in its prefix cache really was, 0 to 1; 1 until the engine has said otherwise.</summary>
    public double CacheTrust => Volatile.Read(ref _trust);

    /// <summary>Seconds from sending to the first token; NaN when unknown, which is also what an old measurement becomes.</summary>
    /// <param name="now">A timestamp of the time provider, as everywhere here.</param>
    public double FirstTokenSeconds(long now) => _firstToken.At(now);

    /// <summary>Seconds from sending to the last token; NaN when unknown.</summary>
    public double ServiceSeconds => _service.Last;

    public bool TryMove(long from, long to) => Interlocked.CompareExchange(ref _position, to, from) == from;

    /// <summary>
    /// Tokens sent and expected back of late, cached ones included: how much of the work it has been given, which the requests in flight do not show while a
    /// fleet is quiet.
    /// </summary>
    public double RecentTokens(long now) => _recent.At(now);

    /// <summary>What others do on this backend; null when the engine has not said, or not lately.</summary>
    public ForeignLoad? Foreign(long now) =>
        Volatile.Read(ref _foreign) is { } foreign && now - foreign.Telemetry.Timestamp <= _telemetryMaxAge ? foreign : null;

    /// <summary>The last that the engine has said of itself, however old; null when it never has. For people: decisions go by <see cref="Foreign"/>.</summary>
    public BackendTelemetry? Telemetry => Volatile.Read(ref _foreign)?.Telemetry;

    /// <summary>The engine says how it is. What is older than what is known already is dropped.</summary>
    public void Report(BackendTelemetry telemetry)
    {
        var next = new ForeignLoad(telemetry, InFlight);
        var known = Volatile.Read(ref _foreign);
        while (known is null || known.Telemetry.Timestamp <= telemetry.Timestamp)
        {
            var seen = Interlocked.CompareExchange(ref _foreign, next, known);
            if (ReferenceEquals(seen, known))
                return;
            known = seen;
        }
    }

    /// <summary>A request is sent. The lease must be ended, whatever becomes of the request.</summary>
    public LoadLease Begin(in RequestCost cost)
    {
        var ahead = Interlocked.Add(ref _promptTokens, cost.UncachedTokens);
        Interlocked.Add(ref _outputTokens, cost.OutputTokens);
        Interlocked.Increment(ref _inFlight);
        var now = _time.GetTimestamp();
        _recent.Add(cost.PromptTokens + (double)cost.OutputTokens, now);
        return new LoadLease(this, cost, ahead, now);
    }

    internal void FirstToken(in RequestCost cost, long aheadAtBegin, long begunAt, int? cachedTokens)
    {
        Whole(cost);
        var seconds = _time.GetElapsedTime(begunAt).TotalSeconds;
        _firstToken.Add(seconds);
        if (cachedTokens is { } actual)
            Cached(cost, actual);

        // The tokens ahead of this one when it came, its own included, as the engine counts them, were read in that time.
        var read = cachedTokens is { } held ? aheadAtBegin - cost.UncachedTokens + Math.Max(0, cost.PromptTokens - held) : aheadAtBegin;
        if (read >= LeastTokensToMeasure && seconds > 0)
        {
            _prefill.Add(seconds, read);
            Volatile.Write(ref _secondsPerToken, _prefill.Last);
        }
    }

    internal void Whole(in RequestCost cost)
    {
        Interlocked.Increment(ref _decoding);
        Interlocked.Add(ref _promptTokens, -cost.UncachedTokens);
    }

    /// <summary>The engine has said what of the prompt was in its cache; most say it only with the usage at the end.</summary>
    internal void Cached(in RequestCost cost, int actualTokens)
    {
        if (cost.CachedTokens <= 0)
            return;
        _cacheTrust.Add(Math.Min(actualTokens, cost.CachedTokens), cost.CachedTokens);
        Volatile.Write(ref _trust, Math.Clamp(_cacheTrust.Last, 0, 1));
    }

    internal void End(in RequestCost cost, bool answered, long begunAt)
    {
        if (answered)
        {
            Interlocked.Decrement(ref _decoding);
            _service.Add(_time.GetElapsedTime(begunAt).TotalSeconds);
        }
        else
        {
            Interlocked.Add(ref _promptTokens, -cost.UncachedTokens);
        }

        Interlocked.Add(ref _outputTokens, -cost.OutputTokens);
        Interlocked.Decrement(ref _inFlight);
    }
}
