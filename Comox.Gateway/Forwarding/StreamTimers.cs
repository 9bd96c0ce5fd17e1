using Comox.Gateway.Backends;
using Comox.Gateway.CircuitBreaking.Stalls;
using Comox.Gateway.Forwarding.Sockets;
using Comox.Gateway.OpenAI;

namespace Comox.Gateway.Forwarding;

/// <summary>What an answer is waiting for.</summary>
internal enum StreamPhase
{
    FirstToken,
    NextToken,
    EndOfStream,

    /// <summary>All of an answer that is not streamed: its tokens are not seen, so only the clock of the whole exchange runs.</summary>
    WholeAnswer,

    /// <summary>The rest of an answer that the client already has whole; only to get the connection back.</summary>
    Drain,
}

/// <summary>
/// One token for everything that ends an attempt early: the client leaving, the gateway stopping, another attempt that was quicker, and one timer per phase beside the one
/// for the whole exchange. A single read timeout would either cut slow prompts or let dead streams live. While it lives it is also the attempt's entry in the
/// <see cref="BackendPulse"/> of its backend.
/// </summary>
internal sealed class StreamTimers : IDisposable
{
    private static readonly TimeSpan DrainTime = TimeSpan.FromMilliseconds(100);

    // Moving a timer costs more than reading a token; at hundreds of tokens a second nobody needs it exact.
    private static readonly TimeSpan Coarseness = TimeSpan.FromMilliseconds(100);

    private readonly CancellationTokenSource _source;
    private readonly CancellationTokenRegistration _clientLeft;
    private readonly CancellationTokenRegistration _stopping;
    private readonly CancellationTokenRegistration _given;
    private readonly GatewayOptions _options;
    private readonly TimeProvider _time;
    private readonly Exchange _exchange;
    private readonly bool _isEachTokenSeen;
    private long _startedAt;
    private bool _isPaused;
    private int _tokensSeen;
    private volatile ForwardError? _abandoned;

    /// <param name="exchange">Whose client and whose limits.</param>
    /// <param name="backend">Who is asked.</param>
    /// <param name="options">The limits where the route has none of its own.</param>
    /// <param name="time">The clock.</param>
    /// <param name="given">The attempt is given up.</param>
    public StreamTimers(Exchange exchange, Backend backend, GatewayOptions options, TimeProvider time, CancellationToken given = default)
    {
        (_exchange, Backend, _options, _time) = (exchange, backend, options, time);
        // An engine that parses tool calls, or holds output back that a schema guides, may be silent while it works.
        _isEachTokenSeen = !exchange.Request.Has(ChatField.Tools) && !exchange.Request.Has(ChatField.Guided);
        _source = new CancellationTokenSource(Timeout.InfiniteTimeSpan, time);
        _clientLeft = exchange.Aborted.UnsafeRegister(Cancel, _source);
        _stopping = exchange.Stopped.UnsafeRegister(Cancel, _source);
        _given = given.UnsafeRegister(Cancel, _source);
        Enter(StreamPhase.FirstToken);
        Backend.Load.Pulse.Enter(this);
    }

    public Exchange Exchange => _exchange;
    public Backend Backend { get; }

    /// <summary>Its place in the list of <see cref="BackendPulse"/>, to which it belongs.</summary>
    public int Position { get; set; }

    /// <summary>Who carries the answer at the moment, and then knows when its last token came; null: the pump.</summary>
    public StreamRelay? Carrier { get; set; }

    /// <summary>When the last token came, or whatever else started the clock. On any thread.</summary>
    public long HeardAt => Carrier?.LastTokenAt ?? Volatile.Read(ref _startedAt);

    /// <summary>It is the client that is waited for.</summary>
    public bool IsWaitingForClient => Carrier?.IsBlocked ?? Volatile.Read(ref _isPaused);

    /// <summary>Whether the backend's next token will be seen when it is there. On any thread.</summary>
    public bool AwaitsVisibleToken => Phase == StreamPhase.NextToken && _isEachTokenSeen && !IsWaitingForClient;

    public CancellationToken Token => _source.Token;
    public StreamPhase Phase { get; private set; }
    public bool ClientLeft => _exchange.Aborted.IsCancellationRequested;
    public bool Stopped => _exchange.Stopped.IsCancellationRequested;

    /// <summary>Whether the attempt ends early. The client's own token may tell it before <see cref="Token"/> does.</summary>
    public bool IsOver => _source.IsCancellationRequested || ClientLeft;

    /// <summary>When the clock of the phase was started.</summary>
    public long StartedAt => _startedAt;

    /// <summary>Where not each token is seen, the next one is waited for as the first is: some engines say a tool's long argument when it is whole.</summary>
    public TimeSpan TokenIdle => _isEachTokenSeen || FirstToken < TokenPause ? TokenPause : FirstToken;

    private TimeSpan TokenPause => _exchange.Route.Options.TokenIdleTimeout ?? _options.TokenIdleTimeout;

    private TimeSpan FirstToken => _exchange.Route.Options.FirstTokenTimeout ?? _options.FirstTokenTimeout;

    private TimeSpan Total => _exchange.Route.Options.TotalTimeout ?? _options.TotalTimeout;

    private TimeSpan TotalLeft => Total - _time.GetElapsedTime(_exchange.StartedAt);

    private TimeSpan Limit => Phase switch
    {
        StreamPhase.FirstToken => FirstToken,
        StreamPhase.NextToken => TokenIdle,
        StreamPhase.EndOfStream => _options.EndOfStreamTimeout,
        StreamPhase.WholeAnswer => Timeout.InfiniteTimeSpan,
        _ => DrainTime,
    };

    public void Enter(StreamPhase phase)
    {
        Phase = phase;
        Resume();
    }

    /// <summary>As <see cref="Enter(StreamPhase)"/>, where the clock has been running already.</summary>
    public void Enter(StreamPhase phase, long since)
    {
        (Phase, _isPaused) = (phase, false);
        Volatile.Write(ref _startedAt, since);
        Arm(Limit - _time.GetElapsedTime(since));
    }

    /// <summary>A token came.</summary>
    public void Restart()
    {
        if (_time.GetElapsedTime(_startedAt) > Coarseness)
            Resume();
    }

    /// <summary>Stops the clock of the phase while somebody else is the one that is waited for, or watches it. The one for the whole exchange runs on.</summary>
    public void Pause()
    {
        _isPaused = true;
        Arm(Timeout.InfiniteTimeSpan);
    }

    public void Resume()
    {
        Volatile.Write(ref _startedAt, _time.GetTimestamp());
        _isPaused = false;
        Arm(Limit);
    }

    /// <summary>Somebody else has watched the clock.</summary>
    public void Expire() => _source.Cancel();

    /// <summary>Tokens that have come since the last call; whoever calls is alone in that.</summary>
    public int TakeNewTokens()
    {
        var tokens = _exchange.Reply.TokenEvents;
        var news = tokens - _tokensSeen;
        _tokensSeen = tokens;
        return Math.Max(0, news);
    }

    /// <summary>Ends the attempt, on any thread: its backend has stopped.</summary>
    /// <param name="why">What becomes of it, unless somebody else answers.</param>
    public void Abandon(ForwardError why)
    {
        if (_abandoned is not null)
            return;
        _abandoned = why;
        try
        {
            _source.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // It ended at the same moment.
        }
    }

    /// <summary>What the client is told when the gateway stops or a timer has run out.</summary>
    public ForwardError Expired(Backend backend) => this switch
    {
        { Stopped: true } => EngineErrors.Stopping(),
        { _abandoned: { } why } => why,
        _ when TotalLeft <= TimeSpan.Zero || Phase == StreamPhase.WholeAnswer => EngineErrors.TotalTimeout(backend, Total),
        { Phase: StreamPhase.FirstToken } => EngineErrors.FirstTokenTimeout(backend, FirstToken),
        _ => EngineErrors.TokenIdle(backend, TokenIdle),
    };

    public void Dispose()
    {
        Backend.Load.Pulse.Leave(this);
        _clientLeft.Dispose();
        _stopping.Dispose();
        _given.Dispose();
        _source.Dispose();
    }

    private static void Cancel(object? source) => ((CancellationTokenSource)source!).Cancel();

    private void Arm(TimeSpan limit)
    {
        var total = TotalLeft;
        if (limit == Timeout.InfiniteTimeSpan || total < limit)
            limit = total;
        _source.CancelAfter(limit > TimeSpan.Zero ? limit : TimeSpan.Zero);
    }
}
