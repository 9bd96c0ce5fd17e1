using System.Net;
using System.Threading.Tasks.Sources;

namespace Comox.Gateway.Forwarding.Sockets;

/// <summary>
/// A connection to a backend. Either somebody waits for it, one at a time, or a <see cref="StreamRelay"/> reads from it on the loop; in between nobody
/// watches it.
/// </summary>
internal sealed class EngineSocket : LoopSocket, IValueTaskSource
{
    private ManualResetValueTaskSourceCore<bool> _ready = new() { RunContinuationsAsynchronously = true };
    private CancellationToken _cancellation;
    private int _waiting;
    private volatile StreamRelay? _relay;

    private EngineSocket(SocketLoop loop, int descriptor, IPEndPoint address)
        : base(loop, descriptor) => Address = address;

    public IPEndPoint Address { get; }

    /// <summary>Whether it has answered a request before: such a connection may have been closed by its backend this very moment.</summary>
    public bool IsReused { get; set; }

    /// <summary>
    /// Whoever waits goes on on the loop's thread: one switch of threads less before the first token. Only where what follows is short: reading a head, sending a token, handing over to a
    /// relay; whole answers, translations and folds would hold up every other stream.
    /// </summary>
    public bool RunsOnLoop { get; set; }

    /// <summary>When it was given back.</summary>
    public long IdleSince { get; set; }

    public static async ValueTask<EngineSocket> ConnectAsync(SocketLoop loop, IPEndPoint address, CancellationToken cancellation)
    {
        var socket = Begin(loop, address);
        try
        {
            await socket.WaitAsync(Libc.EPOLLOUT, cancellation);
            if (socket.TakeError() is not 0 and var error)
                throw new IOException($"connect: error {error}");
            return socket;
        }
        catch
        {
            socket.Close();
            throw;
        }
    }

    /// <summary>Waits until it can be read or written, or has ended. Only one may wait at a time.</summary>
    public ValueTask WaitAsync(uint events, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        _ready.Reset();
        _ready.RunContinuationsAsynchronously = !RunsOnLoop;
        _cancellation = cancellation;
        Volatile.Write(ref _waiting, 1);
        if (!Loop.Watch(this, events | Libc.EPOLLONESHOT) && Interlocked.Exchange(ref _waiting, 0) == 1)
            throw new IOException("The connection is watched no more.");
        return cancellation.CanBeCanceled ? CancellableAsync(cancellation) : new(this, _ready.Version);
    }

    public override void OnReady(uint events)
    {
        if (_relay is { } relay)
            relay.OnEngine();
        else if (Interlocked.Exchange(ref _waiting, 0) == 1)
            _ready.SetResult(true);
    }

    public override void OnLost()
    {
        if (_relay is { } relay)
            relay.OnEngineLost();
        else if (Interlocked.Exchange(ref _waiting, 0) == 1)
            _ready.SetException(new IOException("The connection is watched no more."));
    }

    /// <summary>From here on the relay reads, on the loop.</summary>
    /// <returns>Whether the loop will report.</returns>
    public bool Attach(StreamRelay relay)
    {
        _relay = relay;
        return Watch();
    }

    /// <summary>Level-triggered: a relay reads once for each report.</summary>
    public bool Watch() => Loop.Watch(this, Libc.EPOLLIN | Libc.EPOLLRDHUP);

    /// <summary>Not watched: the relay waits for its client.</summary>
    public void Unwatch() => Loop.Watch(this, Libc.EPOLLONESHOT);

    public void Detach()
    {
        _relay = null;
        Unwatch();
    }

    /// <returns>Bytes; 0 at the end; -1 when there is nothing to be read.</returns>
    /// <exception cref="IOException">The connection broke.</exception>
    public unsafe int Receive(Span<byte> buffer, int flags = 0)
    {
        fixed (byte* at = buffer)
        {
            var received = Libc.recv(Descriptor, at, (nuint)buffer.Length, Libc.MSG_DONTWAIT | flags);
            if (received >= 0)
                return (int)received;
        }

        return Libc.Errno is Libc.EAGAIN or Libc.EINTR ? -1 : throw new IOException($"recv: error {Libc.Errno}");
    }

    /// <returns>False when the backend spoke, or left, before it had taken everything: what it has to say is read next.</returns>
    public async ValueTask<bool> SendAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellation)
    {
        while (true)
        {
            var sent = SendSome(bytes.Span);
            if (sent < 0)
                return false;
            bytes = bytes[sent..];
            if (bytes.IsEmpty)
                return true;
            // A backend that refuses a large request answers in the middle of it and reads no further.
            await WaitAsync(Libc.EPOLLOUT | Libc.EPOLLIN, cancellation);
            if (!IsQuiet())
                return false;
        }
    }

    /// <summary>Whether the backend has said or closed anything since the last answer.</summary>
    public unsafe bool IsQuiet()
    {
        byte one;
        return Libc.recv(Descriptor, &one, 1, Libc.MSG_PEEK | Libc.MSG_DONTWAIT) < 0 && Libc.Errno == Libc.EAGAIN;
    }

    /// <summary>On any thread, when nobody uses it any more.</summary>
    public void Close()
    {
        if (Loop.Forget(this))
            _ = Libc.close(Descriptor);
    }

    public void GetResult(short token) => _ready.GetResult(token);

    public ValueTaskSourceStatus GetStatus(short token) => _ready.GetStatus(token);

    public void OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _ready.OnCompleted(continuation, state, token, flags);

    private static unsafe EngineSocket Begin(SocketLoop loop, IPEndPoint address)
    {
        var native = address.Serialize();
        var descriptor = Libc.socket(
            native.Family == System.Net.Sockets.AddressFamily.InterNetworkV6 ? Libc.AF_INET6 : Libc.AF_INET,
            Libc.SOCK_STREAM | Libc.SOCK_NONBLOCK | Libc.SOCK_CLOEXEC,
            0);
        if (descriptor < 0)
            throw new IOException($"socket: error {Libc.Errno}");
        var one = 1;
        _ = Libc.setsockopt(descriptor, Libc.IPPROTO_TCP, Libc.TCP_NODELAY, &one, sizeof(int));
        fixed (byte* at = native.Buffer.Span)
        {
            if (Libc.connect(descriptor, at, (uint)native.Size) != 0 && Libc.Errno is not Libc.EINPROGRESS and var error)
            {
                _ = Libc.close(descriptor);
                throw new IOException($"connect: error {error}");
            }
        }

        var socket = new EngineSocket(loop, descriptor, address);
        try
        {
            loop.Add(socket, Libc.EPOLLONESHOT);
            return socket;
        }
        catch (IOException)
        {
            _ = Libc.close(descriptor);
            throw;
        }
    }

    private async ValueTask CancellableAsync(CancellationToken cancellation)
    {
        await using var registration = cancellation.UnsafeRegister(static socket => ((EngineSocket)socket!).Cancel(), this);
        await new ValueTask(this, _ready.Version);
    }

    private void Cancel()
    {
        if (Interlocked.Exchange(ref _waiting, 0) == 1)
            _ready.SetException(new OperationCanceledException(_cancellation));
    }

    // -1: the connection broke.
    private unsafe int SendSome(ReadOnlySpan<byte> bytes)
    {
        fixed (byte* at = bytes)
        {
            var sent = Libc.send(Descriptor, at, (nuint)bytes.Length, Libc.MSG_DONTWAIT | Libc.MSG_NOSIGNAL);
            if (sent >= 0)
                return (int)sent;
        }

        return Libc.Errno is Libc.EAGAIN or Libc.EINTR ? 0 : -1;
    }

    private unsafe int TakeError()
    {
        int error;
        uint length = sizeof(int);
        return Libc.getsockopt(Descriptor, Libc.SOL_SOCKET, Libc.SO_ERROR, &error, &length) == 0 ? error : Libc.Errno;
    }
}
