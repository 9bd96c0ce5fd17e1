using Comox.Gateway.Forwarding;

namespace Comox.Gateway.CircuitBreaking.Stalls;

/// <summary>The attempts that one backend works on, and how fast its tokens usually come. Attempts come and go on any thread; <see cref="StallWatch"/> alone looks.</summary>
internal sealed class BackendPulse
{
    /// <summary>Fewer tokens than this say nothing about the usual.</summary>
    private const double LeastTokens = 8;

    /// <summary>Seconds of streaming after which what was before counts for half.</summary>
    private const double HalfLife = 20;

    /// <summary>The same for what is recent.</summary>
    private const double RecentHalfLife = 0.25;

    private readonly Lock _lock = new();
    private readonly List<StreamTimers> _running = [];
    private int _count;
    private double _seconds;
    private double _tokens;
    private double _recentSeconds;
    private double _recentTokens;
    private double _pending;
    private int _stalled;
    private volatile bool _isQuiet;

    /// <summary>No token for longer than usual: others are asked while there are any.</summary>
    public bool IsQuiet
    {
        get => _isQuiet;
        set => _isQuiet = value;
    }

    // Without the lock: most of the models of a fleet are idle, and all are looked at.
    public bool IsIdle => Volatile.Read(ref _count) == 0;

    /// <summary>The usual pause between two tokens of one stream, in seconds; NaN while unknown.</summary>
    public double Gap => _tokens < LeastTokens ? double.NaN : _seconds / _tokens;

    /// <summary>The same over the last half second or so, the pause that is not over included.</summary>
    public double RecentGap => _recentTokens < 0.5 ? double.NaN : _recentSeconds / _recentTokens;

    public void Enter(StreamTimers attempt)
    {
        lock (_lock)
        {
            attempt.Position = _running.Count;
            _running.Add(attempt);
            _count = _running.Count;
        }
    }

    public void Leave(StreamTimers attempt)
    {
        lock (_lock)
        {
            // The last takes its place: no search among thousands.
            var last = _running[^1];
            _running[attempt.Position] = last;
            last.Position = attempt.Position;
            _running.RemoveAt(_running.Count - 1);
            _count = _running.Count;
        }
    }

    /// <summary>Copies what runs, which is not kept from going on.</summary>
    public void CopyTo(List<StreamTimers> list)
    {
        lock (_lock)
            list.AddRange(_running);
    }

    /// <summary>Counts the tokens that have come since the last look.</summary>
    /// <param name="streams">How many could have had one.</param>
    /// <param name="tokens">How many came.</param>
    /// <param name="elapsed">Seconds since the last look.</param>
    public void Count(int streams, int tokens, double elapsed)
    {
        var keepRecent = Math.Pow(0.5, elapsed / RecentHalfLife);
        (_recentSeconds, _recentTokens) = ((_recentSeconds * keepRecent) + (streams * elapsed), (_recentTokens * keepRecent) + tokens);
        _pending += streams * elapsed;
        if (tokens == 0)
            return; // A pause counts when it is over; a stall never is.
        var keep = Math.Pow(0.5, elapsed / HalfLife);
        (_seconds, _tokens, _pending) = ((_seconds * keep) + _pending, (_tokens * keep) + tokens, 0);
    }

    /// <summary>Nothing runs: nobody is kept waiting, and what was pending was no pause between two tokens.</summary>
    public void Rest() => (_recentSeconds, _recentTokens, _pending, _stalled, _isQuiet) = (0, 0, 0, 0, false);

    /// <summary>Whether it was found so in as many looks in a row.</summary>
    public bool IsStalled(bool now, int looks) => (_stalled = now ? _stalled + 1 : 0) >= looks;
}
