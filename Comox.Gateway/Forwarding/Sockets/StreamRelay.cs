using System.Buffers;
using System.Buffers.Text;
using System.Threading.Tasks.Sources;

namespace Comox.Gateway.Forwarding.Sockets;

/// <summary>Why a relay has stopped.</summary>
internal enum RelayEnd
{
    /// <summary><c>[DONE]</c> came and is on its way to the client.</summary>
    Done,

    /// <summary>The next event, in <see cref="StreamRelay.Rest"/>, is none that a relay carries.</summary>
    Unusual,

    /// <summary>The next event, in <see cref="StreamRelay.Rest"/>, ends the reply; it has been read and not been sent.</summary>
    Finishing,

    /// <summary>The answer ended, or the connection to the backend did.</summary>
    EngineGone,

    ClientGone,

    /// <summary>The client took nothing for too long.</summary>
    ClientStuck,

    /// <summary>No token for too long.</summary>
    Silent,

    /// <summary>Somebody wants the exchange to end.</summary>
    Cancelled,
}

/// <summary>
/// The steady middle of a streamed answer, on the loop's thread: engine → client, event by event, a send per read. Everything else (the first event, errors, an
/// end that must be made durable first, whatever is not a plain <c>data:</c> line) is the pump's, which gets the bytes back untouched. One instance per answer.
/// </summary>
internal sealed class StreamRelay(ClientOutput client, ReplyProgress progress, RelayLimits limits, TimeProvider time) : IValueTaskSource<RelayEnd>
{
    private const int FrameRoom = 10; // "ffffffff\r\n"

    private ManualResetValueTaskSourceCore<RelayEnd> _end = new() { RunContinuationsAsynchronously = true };
    private SocketAnswer _answer = null!;
    private EngineSocket _socket = null!;
    private Action? _drained;
    private Action? _start;
    private byte[] _carry = [];
    private int _carried;
    private long _now;
    private long _lastSent;
    private long _lastTokenAt;
    private bool _blocked;
    private bool _over = true;

    /// <summary>A comment, as a chunk.</summary>
    public static ReadOnlySpan<byte> Ping => "8\r\n: ping\n\n\r\n"u8;

    /// <summary>When the clock of silence was started last: set by the caller before a run, read by it after.</summary>
    public long LastTokenAt
    {
        get => Volatile.Read(ref _lastTokenAt);
        set => Volatile.Write(ref _lastTokenAt, value);
    }

    /// <summary>The client takes nothing at the moment. On any thread.</summary>
    public bool IsBlocked => Volatile.Read(ref _blocked);

    /// <summary>Its place in the loop's list.</summary>
    public int Position { get; set; }

    /// <summary>Bytes of the body that were read and not carried. Valid until the relay is disposed of by <see cref="Release"/>.</summary>
    public ReadOnlySpan<byte> Rest => _carry.AsSpan(0, _carried);

    public ValueTask<RelayEnd> RunAsync(SocketAnswer answer, EngineSocket socket)
    {
        (_answer, _socket) = (answer, socket);
        _end.Reset();
        // Begun where it runs: an end that came between two steps of the beginning would leave it half attached.
        if (_socket.Loop.IsCurrent)
            Start();
        else
            _socket.Loop.Post(_start ??= Start);
        return new(this, _end.Version);
    }

    /// <summary>On any thread, once it runs.</summary>
    public void Cancel() => _socket.Loop.Post(() => Stop(RelayEnd.Cancelled));

    public void OnEngine()
    {
        if (_over || _blocked)
            return;
        // Read once for all that a packet brings.
        _now = time.GetTimestamp();
        var buffer = _socket.Loop.Received.AsSpan();
        _carry.AsSpan(0, _carried).CopyTo(buffer);
        int read;
        try
        {
            read = _answer.ReadNow(buffer[_carried..]);
        }
        catch (IOException)
        {
            Stop(RelayEnd.EngineGone);
            return;
        }

        if (read > 0)
            Carry(buffer[..(_carried + read)]);
        if (_answer.IsWhole)
            Stop(RelayEnd.EngineGone);
    }

    /// <summary>The loop has lost the connection to the backend.</summary>
    public void OnEngineLost() => Stop(RelayEnd.EngineGone);

    public void LookAtClock(long now)
    {
        _now = now;
        if (_blocked)
        {
            if (time.GetElapsedTime(_lastSent, now) > limits.SlowClient)
                Stop(RelayEnd.ClientStuck);
            return;
        }

        if (time.GetElapsedTime(LastTokenAt, now) > (progress.HasFinished ? limits.EndOfStream : limits.TokenIdle))
            Stop(RelayEnd.Silent);
        else if (time.GetElapsedTime(_lastSent, now) >= limits.KeepAlive)
            Send(Ping);
    }

    public void Release()
    {
        if (_carry.Length > 0)
            ArrayPool<byte>.Shared.Return(_carry);
        _carry = [];
        _carried = 0;
    }

    public RelayEnd GetResult(short token) => _end.GetResult(token);

    public ValueTaskSourceStatus GetStatus(short token) => _end.GetStatus(token);

    public void OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _end.OnCompleted(continuation, state, token, flags);

    private void Start()
    {
        _over = _blocked = false;
        _lastSent = time.GetTimestamp();
        client.IsCarried = true;
        _socket.Loop.Attach(this);
        if (!_socket.Attach(this))
            Stop(RelayEnd.EngineGone);
    }

    private void Carry(Span<byte> bytes)
    {
        var outgoing = _socket.Loop.Outgoing.AsSpan();
        var length = FrameRoom;
        RelayEnd? end = null;
        // A stream with carriage returns is the reader's to cut; JSON itself holds none.
        if (bytes.Contains((byte)'\r'))
            end = RelayEnd.Unusual;
        while (end is null && bytes.IndexOf("\n\n"u8) is >= 0 and var blank)
        {
            var sse = bytes[..(blank + 2)];
            end = Judge(sse, out var forward);
            if (end is RelayEnd.Unusual or RelayEnd.Finishing)
                break;
            if (forward)
            {
                sse.CopyTo(outgoing[length..]);
                length += sse.Length;
            }

            bytes = bytes[sse.Length..];
        }

        Keep(bytes);
        if (length > FrameRoom)
            Send(Framed(outgoing, length));
        if (end is { } reason)
            Stop(reason);
        else if (bytes.Length > SocketLoop.BufferSize / 2)
            Stop(RelayEnd.Unusual);
    }

    // data: {"choices":[{"delta":{"content":"Hi"},…}],…}\n\n
    private RelayEnd? Judge(ReadOnlySpan<byte> sse, out bool forward)
    {
        forward = false;
        if (sse[..^2].Contains((byte)'\n'))
            return RelayEnd.Unusual;
        if (sse[0] is (byte)':' or (byte)'\n')
            return null; // A heartbeat is no answer: not forwarded, no token.
        if (!sse.StartsWith("data: "u8))
            return RelayEnd.Unusual;
        var data = sse[6..^2];
        forward = true;
        // Without a finish reason before it, it is what the reply's being durable has to come before.
        if (data.SequenceEqual("[DONE]"u8))
            return progress.HoldsFinish ? RelayEnd.Unusual : RelayEnd.Done;
        switch (progress.Take(data, _now))
        {
            case EventKind.Token:
                LastTokenAt = _now;
                return null;
            case EventKind.Plain:
                return null;
            case EventKind.Hidden:
                forward = false;
                return null;
            case EventKind.Finishing:
                LastTokenAt = _now;
                return progress.HoldsFinish ? RelayEnd.Finishing : null;
            default:
                return RelayEnd.Unusual;
        }
    }

    // The chunk's length goes right before its bytes, so one send carries both.
    private static ReadOnlySpan<byte> Framed(Span<byte> outgoing, int length)
    {
        Span<byte> size = stackalloc byte[8];
        Utf8Formatter.TryFormat(length - FrameRoom, size, out var digits, new StandardFormat('x'));
        var start = FrameRoom - 2 - digits;
        size[..digits].CopyTo(outgoing[start..]);
        "\r\n"u8.CopyTo(outgoing[(FrameRoom - 2)..]);
        "\r\n"u8.CopyTo(outgoing[length..]);
        return outgoing[start..(length + 2)];
    }

    private void Send(ReadOnlySpan<byte> chunk)
    {
        _lastSent = _now;
        switch (client.Send(chunk, _drained ??= OnDrained))
        {
            case Sent.Later:
                _blocked = true;
                if (!_over)
                    _socket.Unwatch();
                break;
            case Sent.Gone:
                Stop(RelayEnd.ClientGone);
                break;
        }
    }

    private void OnDrained()
    {
        _blocked = false;
        // The engine was not to blame for the pause.
        LastTokenAt = time.GetTimestamp();
        if (!_over)
            _socket.Watch();
    }

    private void Stop(RelayEnd end)
    {
        if (_over)
            return;
        _over = true;
        client.IsCarried = false;
        _socket.Detach();
        _socket.Loop.Detach(this);
        // A word about the end would wait for the same client, and hold up the end of the process.
        _end.SetResult(end == RelayEnd.Cancelled && _blocked ? RelayEnd.ClientStuck : end);
    }

    private void Keep(ReadOnlySpan<byte> bytes)
    {
        if (bytes.IsEmpty)
        {
            Release();
            return;
        }

        if (bytes.Length > _carry.Length)
        {
            Release();
            _carry = ArrayPool<byte>.Shared.Rent(bytes.Length);
        }

        bytes.CopyTo(_carry);
        _carried = bytes.Length;
    }
}

/// <summary>The timers of a relay; see <see cref="GatewayOptions"/>.</summary>
internal readonly record struct RelayLimits(TimeSpan TokenIdle, TimeSpan EndOfStream, TimeSpan KeepAlive, TimeSpan SlowClient);
