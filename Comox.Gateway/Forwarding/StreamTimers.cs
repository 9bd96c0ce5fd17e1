using Comox.Gateway.Backends;

namespace Comox.Gateway.Forwarding;

/// <summary>What an answer is waiting for.</summary>
internal enum StreamPhase
{
    FirstToken,
    NextToken,
    EndOfStream,

    /// <summary>The rest of an answer that the client already has whole; only to get the connection back.</summary>
    Drain,
}

/// <summary>
/// One token for everything that ends an exchange early: the client leaving, the gateway stopping, and one timer per phase. A single read timeout would either
/// cut slow prompts or let dead streams live.
/// </summary>
internal sealed class StreamTimers : IDisposable
{
    private static readonly TimeSpan DrainTime = TimeSpan.FromMilliseconds(100);

    // Moving a timer costs more than reading a token; at hundreds of tokens a second nobody needs it exact.
    private static readonly TimeSpan Coarseness = TimeSpan.FromMilliseconds(100);

    private readonly CancellationTokenSource _source;
    private readonly CancellationTokenRegistration _clientLeft;
    private readonly GatewayOptions _options;
    private readonly TimeProvider _time;
    private readonly CancellationTokenRegistration _stopping;
    private readonly Exchange _exchange;
    private long _startedAt;

    public StreamTimers(Exchange exchange, GatewayOptions options, TimeProvider time)
    {
        (_exchange, _options, _time) = (exchange, options, time);
        _source = new CancellationTokenSource(Timeout.InfiniteTimeSpan, time);
        _clientLeft = exchange.Aborted.UnsafeRegister(static source => ((CancellationTokenSource)source!).Cancel(), _source);
        _stopping = exchange.Stopped.UnsafeRegister(static source => ((CancellationTokenSource)source!).Cancel(), _source);
        Enter(StreamPhase.FirstToken);
    }

    private TimeSpan Limit => Phase switch
    {
        StreamPhase.FirstToken => _options.FirstTokenTimeout,
        StreamPhase.NextToken => _options.TokenIdleTimeout,
        StreamPhase.EndOfStream => _options.EndOfStreamTimeout,
        _ => DrainTime,
    };

    public CancellationToken Token => _source.Token;
    public StreamPhase Phase { get; private set; }
    public bool ClientLeft => _exchange.Aborted.IsCancellationRequested;
    public bool Stopped => _exchange.Stopped.IsCancellationRequested;

    /// <summary>Whether the exchange ends early. The client's own token may tell it before <see cref="Token"/> does.</summary>
    public bool IsOver => _source.IsCancellationRequested || ClientLeft;

    /// <summary>When the clock of the phase was started.</summary>
    public long StartedAt => _startedAt;

    public void Enter(StreamPhase phase)
    {
        Phase = phase;
        Resume();
    }

    /// <summary>As <see cref="Enter(StreamPhase)"/>, where the clock has been running already.</summary>
    public void Enter(StreamPhase phase, long since)
    {
        Phase = phase;
        _startedAt = since;
        var left = Limit - _time.GetElapsedTime(since);
        _source.CancelAfter(left > TimeSpan.Zero ? left : TimeSpan.Zero);
    }

    /// <summary>A token came.</summary>
    public void Restart()
    {
        if (_time.GetElapsedTime(_startedAt) > Coarseness)
            Resume();
    }

    /// <summary>Stops the clock while a slow client is the one that is waited for.</summary>
    public void Pause() => _source.CancelAfter(Timeout.InfiniteTimeSpan);

    public void Resume()
    {
        _startedAt = _time.GetTimestamp();
        _source.CancelAfter(Limit);
    }

    /// <summary>Somebody else has watched the clock.</summary>
    public void Expire() => _source.Cancel();

    /// <summary>What the client is told when the gateway stops or a timer has run out.</summary>
    public ForwardError Expired(Backend backend) => Stopped
        ? EngineErrors.Stopping()
        : Phase == StreamPhase.FirstToken
            ? EngineErrors.FirstTokenTimeout(backend, _options.FirstTokenTimeout)
            : EngineErrors.TokenIdle(backend, _options.TokenIdleTimeout);

    public void Dispose()
    {
        _clientLeft.Dispose();
        _stopping.Dispose();
        _source.Dispose();
    }
}
