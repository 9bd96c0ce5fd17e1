using Microsoft.Extensions.Options;

namespace Comox.Gateway;

/// <summary>
/// How chats end when the host stops: after <see cref="GatewayOptions.DrainDelay"/>, in which new ones are served as ever, those in flight have
/// <see cref="GatewayOptions.DrainTimeout"/> to finish by themselves, then they are ended.
/// Whoever closes what they still need waits for the last of them.
/// </summary>
internal sealed class Drain : IDisposable
{
    private static readonly TimeSpan LastWords = TimeSpan.FromSeconds(2);

    private readonly Lock _lock = new();
    private readonly CancellationTokenSource _over;
    private readonly CancellationTokenRegistration _stopping;
    private readonly TimeProvider _time;
    private readonly IOptions<GatewayOptions> _options;
    private volatile bool _hasBegun;
    private TaskCompletionSource? _idle;
    private int _active;

    public Drain(IHostApplicationLifetime lifetime, IOptions<GatewayOptions> options, TimeProvider time)
    {
        (_time, _options) = (time, options);
        _over = new CancellationTokenSource(Timeout.InfiniteTimeSpan, time);
        _stopping = lifetime.ApplicationStopping.Register(Begin);
    }

    /// <summary>The host was asked to stop.</summary>
    public bool HasBegun => _hasBegun;

    /// <summary>Chats that have not ended.</summary>
    public int ActiveRequests => Volatile.Read(ref _active);

    /// <summary>The grace is over: whatever still runs ends now.</summary>
    public CancellationToken Over => _over.Token;

    /// <summary>A chat begins; it ends with the dispose.</summary>
    public IDisposable Enter()
    {
        lock (_lock)
            _active++;
        return new Active(this);
    }

    /// <summary>From here on the gateway is not ready. Returns when the server may close its door.</summary>
    public async Task BeginAsync(CancellationToken cancellation)
    {
        Begin();
        await Task.Delay(_options.Value.DrainDelay, _time, cancellation).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    /// <summary>Ends what still runs, and waits until it has said its last words.</summary>
    public async Task EndAsync()
    {
        await _over.CancelAsync();
        Task idle;
        lock (_lock)
        {
            if (_active == 0)
                return;
            _idle ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            idle = _idle.Task;
        }

        // Bounded: a chat that hangs in spite of everything must not keep the process.
        await idle.WaitAsync(LastWords, _time).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    public void Dispose()
    {
        _stopping.Dispose();
        _over.Dispose();
    }

    // Two may say it: the signal, and a host that is stopped by its owner.
    private void Begin()
    {
        lock (_lock)
        {
            if (_hasBegun)
                return;
            _hasBegun = true;
        }

        _over.CancelAfter(_options.Value.DrainDelay + _options.Value.DrainTimeout);
    }

    private void Leave()
    {
        lock (_lock)
        {
            if (--_active == 0)
                _idle?.TrySetResult();
        }
    }

    private sealed class Active(Drain owner) : IDisposable
    {
        public void Dispose() => owner.Leave();
    }
}
