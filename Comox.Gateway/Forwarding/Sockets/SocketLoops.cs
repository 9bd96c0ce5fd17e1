using Microsoft.Extensions.Options;

namespace Comox.Gateway.Forwarding.Sockets;

/// <summary>The socket loops of this process: made when first asked for, so that a host which never listens starts no thread.</summary>
internal sealed class SocketLoops : IDisposable
{
    private readonly Lazy<SocketLoop[]> _loops;
    private uint _turn;

    public SocketLoops(IOptions<RelayOptions> options, TimeProvider time, ILogger<SocketLoops> logger)
    {
        Time = time;
        IsEnabled = options.Value.Mode != RelayOptions.Portable && OperatingSystem.IsLinux();
        var count = options.Value.Loops is > 0 and var configured ? configured : Math.Clamp(Environment.ProcessorCount / 2, 1, 8);
        _loops = new Lazy<SocketLoop[]>(() => [.. Enumerable.Range(0, count).Select(_ => new SocketLoop(time, bug => ForwardingLog.LoopCrashed(logger, bug)))]);
    }

    /// <summary>Whether connections are on loops of ours.</summary>
    public bool IsEnabled { get; }

    public TimeProvider Time { get; }

    /// <summary>How long nobody is accepted once there is no descriptor left.</summary>
    public TimeSpan AcceptPause { get; } = TimeSpan.FromMilliseconds(100);

    public SocketLoop Next()
    {
        var loops = _loops.Value;
        return loops[Interlocked.Increment(ref _turn) % (uint)loops.Length];
    }

    public void Dispose()
    {
        if (!_loops.IsValueCreated)
            return;
        foreach (var loop in _loops.Value)
            loop.Dispose();
    }
}
