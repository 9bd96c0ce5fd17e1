using Comox.Gateway.LoadBalancing;

namespace Comox.Gateway.CircuitBreaking;

/// <summary>
/// The circuit breaker of one (backend, model). It outlives every reload of the configuration. Safe for all threads; entering a closed circuit takes no lock.
/// <code>
/// state      | event                          | next      | and
/// -----------+--------------------------------+-----------+------------------------------------------------------------
/// closed     | enter                          | closed    | permit
/// closed     | success                        | closed    | failures in a row = 0
/// closed     | failure, too many (row, ratio) | open      | break × 2 for every opening before, ± jitter
/// closed     | failure with Retry-After       | open      | at least so long; the break does not grow by it
/// open       | enter before the break is over | open      | refused
/// open       | enter when it is over          | half-open | permit: the canary
/// half-open  | enter while the canary is out  | half-open | refused
/// half-open  | enter, no canary out           | half-open | permit: the canary
/// half-open  | canary succeeds                | closed    | window empty, slow start
/// half-open  | canary fails                   | open      | break × 2
/// half-open  | canary is ignored              | half-open | its place is free
/// closed     | trip: it has stopped           | open      | break × 2 for every opening before, ± jitter
/// any        | suspend: it cannot be asked    | open      | no break: the first request when it can is the canary
/// any        | outcome of an earlier life     | same      | nothing: it was sent before the circuit opened or closed
/// any        | ignored, not the canary        | same      | nothing
/// </code>
/// </summary>
internal sealed class BackendCircuit
{
    /// <summary>A backend that came back begins with this part of its share; with none it would never prove itself.</summary>
    private const double LeastRamp = 0.1;

    /// <summary>2^20 × any break is above every cap.</summary>
    private const int MostDoublings = 20;

    private readonly Lock _lock = new();
    private readonly CircuitOptions _options;
    private readonly Dice _dice;
    private readonly TimeProvider _time;
    private readonly FailureWindow _window;

    private volatile CircuitState _state;
    private long _life = 1;
    private long _canary;
    private long _canaries;
    private int _row;
    private int _openings;
    private long _openUntil;
    private long _closedAt;
    private bool _hasOpened;

    public BackendCircuit(CircuitOptions options, Dice dice, TimeProvider time)
    {
        (_options, _dice, _time) = (options, dice, time);
        _window = new FailureWindow(options.Window, time);
    }

    public CircuitState State => _state;

    /// <summary>How long until a canary may enter; zero when one may, or when the circuit is not open.</summary>
    public TimeSpan OpenFor
    {
        get
        {
            lock (_lock)
            {
                var left = _state == CircuitState.Open ? _time.GetElapsedTime(_time.GetTimestamp(), _openUntil) : TimeSpan.Zero;
                return left > TimeSpan.Zero ? left : TimeSpan.Zero;
            }
        }
    }

    /// <summary>Whether a request would get a permit. Takes none: for choosing candidates.</summary>
    public bool IsAdmissible
    {
        get
        {
            if (_state == CircuitState.Closed)
                return true;
            lock (_lock)
                return MayEnter();
        }
    }

    /// <summary>
    /// The part of its share that a backend gets: from 0.1 when it has just come back to 1. Half-open it is 1, because one canary at a time is little enough,
    /// and an idle fleet would never choose it otherwise.
    /// </summary>
    public double Ramp
    {
        get
        {
            if (!Volatile.Read(ref _hasOpened))
                return 1;
            lock (_lock)
            {
                if (_state != CircuitState.Closed)
                    return 1;
                var part = _options.SlowStart > TimeSpan.Zero ? _time.GetElapsedTime(_closedAt) / _options.SlowStart : 1;
                return Math.Clamp(part, LeastRamp, 1);
            }
        }
    }

    /// <summary>What <see cref="OutlierEjection"/> compares it with its peers by; the time to the first token is the ledger's (NaN when unknown).</summary>
    public BackendHealth Health(double firstTokenSeconds)
    {
        lock (_lock)
        {
            var (calls, failures) = _window.Sum();
            return new BackendHealth(MayEnter(), calls - failures, failures, firstTokenSeconds);
        }
    }

    /// <returns>Whether a request may be sent. Its outcome must then be told to the permit, whatever it is.</returns>
    public bool TryEnter(out CircuitPermit permit)
    {
        if (_state == CircuitState.Closed)
        {
            // Read after the state: a circuit that opens in between makes this a permit of an earlier life or of none that is open, and either changes nothing.
            permit = new CircuitPermit(this, Volatile.Read(ref _life), 0);
            return true;
        }

        lock (_lock)
        {
            permit = default;
            if (!MayEnter())
                return false;
            if (_state == CircuitState.Closed)
            {
                permit = new CircuitPermit(this, _life, 0);
                return true;
            }

            if (_state == CircuitState.Open)
                Enter(CircuitState.HalfOpen);
            permit = new CircuitPermit(this, _life, _canary = ++_canaries);
            return true;
        }
    }

    /// <summary>
    /// Sends although the circuit is open: when most of a pool is down, the rest must not drown (see <see cref="OutlierEjection"/>). Such a request is no
    /// canary.
    /// </summary>
    public CircuitPermit EnterInPanic() => TryEnter(out var permit) ? permit : new CircuitPermit(this, 0, 0);

    /// <summary>It was seen to have stopped, whatever its answers say.</summary>
    /// <returns>Whether it was closed until now.</returns>
    public bool Trip()
    {
        lock (_lock)
        {
            if (_state != CircuitState.Closed)
                return false;
            Open(null, grows: true);
            return true;
        }
    }

    /// <summary>It cannot be asked at the moment, for a reason that is seen elsewhere: when that has passed, it comes back through a canary and slowly.</summary>
    public void Suspend()
    {
        lock (_lock)
        {
            if (_state == CircuitState.Open)
                return;
            _openUntil = _time.GetTimestamp();
            Volatile.Write(ref _hasOpened, true);
            Enter(CircuitState.Open);
        }
    }

    internal void Succeeded(in CircuitPermit permit)
    {
        lock (_lock)
        {
            if (permit.Life != _life)
                return;
            if (_state == CircuitState.Closed)
            {
                _row = 0;
                _window.Add(failed: false);
            }
            else if (IsCanary(permit))
            {
                _closedAt = _time.GetTimestamp();
                _row = 0;
                _window.Clear();
                Enter(CircuitState.Closed);
            }
        }
    }

    internal void Failed(in CircuitPermit permit, TimeSpan? retryAfter)
    {
        lock (_lock)
        {
            if (permit.Life != _life)
                return;
            if (_state == CircuitState.Closed)
            {
                _row++;
                _window.Add(failed: true);
                if (_row >= _options.ConsecutiveFailures || TooManyFailures())
                    Open(retryAfter, grows: true);
                else if (retryAfter > TimeSpan.Zero)
                    Open(retryAfter, grows: false);
            }
            else if (IsCanary(permit))
            {
                Open(retryAfter, grows: true);
            }
        }
    }

    internal void Ignored(in CircuitPermit permit)
    {
        lock (_lock)
        {
            if (permit.Life == _life && IsCanary(permit))
                _canary = 0;
        }
    }

    private bool MayEnter() => _state switch
    {
        CircuitState.Open => _time.GetTimestamp() >= _openUntil,
        CircuitState.HalfOpen => _canary == 0,
        _ => true,
    };

    private bool IsCanary(in CircuitPermit permit) => _state == CircuitState.HalfOpen && permit.Canary != 0 && permit.Canary == _canary;

    private bool TooManyFailures()
    {
        var (calls, failures) = _window.Sum();
        return calls >= _options.MinThroughput && failures >= calls * _options.FailureRatio;
    }

    private void Open(TimeSpan? retryAfter, bool grows)
    {
        if (_state == CircuitState.Closed && _hasOpened && _time.GetElapsedTime(_closedAt) >= _options.LongestBreak)
            _openings = 0;

        var pause = TimeSpan.Zero;
        if (grows)
        {
            var doubled = Math.Min(_options.Break.TotalSeconds * (1L << Math.Min(_openings++, MostDoublings)), _options.LongestBreak.TotalSeconds);
            pause = TimeSpan.FromSeconds(doubled * (1 + (_options.Jitter * ((2 * _dice.NextDouble()) - 1))));
        }

        // What the backend asks for is a lower bound: jitter may lengthen it and never shorten it.
        if (retryAfter > TimeSpan.Zero)
        {
            var asked = retryAfter.Value < _options.LongestRetryAfter ? retryAfter.Value : _options.LongestRetryAfter;
            asked *= 1 + (_options.Jitter * _dice.NextDouble() / 2);
            pause = asked > pause ? asked : pause;
        }

        _openUntil = _time.GetTimestamp() + (long)Math.Ceiling(pause.TotalSeconds * _time.TimestampFrequency);
        Volatile.Write(ref _hasOpened, true);
        Enter(CircuitState.Open);
    }

    private void Enter(CircuitState state)
    {
        // The life before the state: who reads "closed" must not get the number of the life before.
        Volatile.Write(ref _life, _life + 1);
        _canary = 0;
        _state = state;
    }
}
