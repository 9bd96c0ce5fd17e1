using System.Buffers;
using System.IO.Pipelines;
using System.Threading.Tasks.Sources;

namespace Comox.Gateway.Forwarding.Sockets;

/// <summary>What came of sending to a client.</summary>
internal enum Sent
{
    All,

    /// <summary>The client reads more slowly than we send; the rest is kept and follows by itself.</summary>
    Later,

    /// <summary>The client has left.</summary>
    Gone,
}

/// <summary>
/// The writing half of a client's connection. A flush sends at once, on the thread that flushes: when it has returned, the bytes are in the kernel and
/// whoever writes next, Kestrel or a relay, writes behind them. Kestrel's own transport only hands them to another task, which a raw send would overtake.
/// </summary>
internal sealed class ClientOutput(ClientSocket socket) : PipeWriter, IValueTaskSource<FlushResult>
{
    private const int SmallestBuffer = 4096;

    private ManualResetValueTaskSourceCore<FlushResult> _flush = new() { RunContinuationsAsynchronously = true };
    private byte[] _buffer = [];
    private int _start;
    private int _end;
    private bool _flushing;
    private bool _lent;
    private bool _broken;
    private bool _completed;
    private bool _cancelled;
    private Action? _drained;

    public Lock Lock { get; } = new();

    /// <summary>A relay has it at the moment, and sends its own comments.</summary>
    public bool IsCarried { get; set; }

    public override bool CanGetUnflushedBytes => true;

    public override long UnflushedBytes => _end - _start;

    public override Memory<byte> GetMemory(int sizeHint = 0)
    {
        // What a relay has left may be going out on the loop meanwhile; the buffer it is in must stay this one until the flush.
        lock (Lock)
        {
            MakeRoom(Math.Max(sizeHint, 1));
            _lent = true;
            return _buffer.AsMemory(_end);
        }
    }

    public override Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;

    public override void Advance(int bytes)
    {
        lock (Lock)
            _end += bytes;
    }

    public override ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default)
    {
        lock (Lock)
        {
            _lent = false;
            if (_cancelled)
            {
                _cancelled = false;
                return new(new FlushResult(isCanceled: true, isCompleted: _broken));
            }

            if (Send() != Sent.Later)
                return new(new FlushResult(isCanceled: false, isCompleted: _broken));
            _flush.Reset();
            _flushing = true;
            socket.WatchWriting(true);
            return cancellationToken.CanBeCanceled ? CancellableAsync(_flush.Version, cancellationToken) : new(this, _flush.Version);
        }
    }

    public override void CancelPendingFlush()
    {
        lock (Lock)
        {
            if (_flushing)
                EndFlush(cancelled: true);
            else
                _cancelled = true;
        }
    }

    public override void Complete(Exception? exception = null)
    {
        lock (Lock)
        {
            if (_completed)
                return;
            _completed = true;
            _lent = false;
            Send();
            Release();
        }

        socket.Shut();
    }

    /// <summary>For a relay, on the loop's thread: sends, and keeps what the client does not take at once.</summary>
    /// <param name="bytes">Whole chunks of the answer.</param>
    /// <param name="drained">Called on the loop's thread when all is sent, or the client has left, after <see cref="Sent.Later"/>.</param>
    public unsafe Sent Send(ReadOnlySpan<byte> bytes, Action drained)
    {
        lock (Lock)
        {
            if (_broken)
                return Sent.Gone;
            if (_end == _start)
            {
                fixed (byte* at = bytes)
                {
                    var sent = Libc.send(socket.Descriptor, at, (nuint)bytes.Length, Libc.MSG_DONTWAIT | Libc.MSG_NOSIGNAL);
                    if (sent == bytes.Length)
                        return Sent.All;
                    if (sent < 0 && Libc.Errno is not (Libc.EAGAIN or Libc.EINTR))
                    {
                        _broken = true;
                        return Sent.Gone;
                    }

                    bytes = bytes[(int)Math.Max(0, sent)..];
                }
            }

            MakeRoom(bytes.Length);
            bytes.CopyTo(_buffer.AsSpan(_end));
            _end += bytes.Length;
            _drained = drained;
            socket.WatchWriting(true);
            return Sent.Later;
        }
    }

    /// <summary>Puts a comment between two chunks, on any thread. A client that has not taken all that went before gets none.</summary>
    public void Interject(ReadOnlySpan<byte> chunk)
    {
        lock (Lock)
        {
            if (_broken || _completed || _end != _start)
                return;
            MakeRoom(chunk.Length);
            chunk.CopyTo(_buffer.AsSpan(_end));
            _end += chunk.Length;
            if (Send() == Sent.Later)
                socket.WatchWriting(true);
        }
    }

    /// <summary>On the loop's thread.</summary>
    public void OnWritable()
    {
        Action? drained;
        lock (Lock)
        {
            if (Send() == Sent.Later)
                return;
            socket.WatchWriting(false);
            if (_flushing)
                EndFlush(cancelled: false);
            (drained, _drained) = (_drained, null);
        }

        drained?.Invoke();
    }

    /// <summary>On the loop's thread: the connection has ended.</summary>
    public void Break()
    {
        Action? drained;
        lock (Lock)
        {
            _broken = true;
            if (!_lent)
                Release();
            if (_flushing)
                EndFlush(cancelled: false);
            (drained, _drained) = (_drained, null);
        }

        drained?.Invoke();
    }

    public FlushResult GetResult(short token) => _flush.GetResult(token);

    public ValueTaskSourceStatus GetStatus(short token) => _flush.GetStatus(token);

    public void OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _flush.OnCompleted(continuation, state, token, flags);

    private async ValueTask<FlushResult> CancellableAsync(short version, CancellationToken cancellation)
    {
        await using var registration = cancellation.UnsafeRegister(static (output, token) => ((ClientOutput)output!).GiveUpFlush(token), this);
        return await new ValueTask<FlushResult>(this, version);
    }

    // What was written stays in the buffer and follows by itself, as from any pipe.
    private void GiveUpFlush(CancellationToken cancellation)
    {
        lock (Lock)
        {
            if (!_flushing)
                return;
            _flushing = false;
            _flush.SetException(new OperationCanceledException(cancellation));
        }
    }

    private void EndFlush(bool cancelled)
    {
        _flushing = false;
        _flush.SetResult(new FlushResult(cancelled, _broken));
    }

    private unsafe Sent Send()
    {
        while (_start < _end && !_broken)
        {
            fixed (byte* at = &_buffer[_start])
            {
                var sent = Libc.send(socket.Descriptor, at, (nuint)(_end - _start), Libc.MSG_DONTWAIT | Libc.MSG_NOSIGNAL);
                if (sent >= 0)
                    _start += (int)sent;
                else if (Libc.Errno == Libc.EAGAIN)
                    return Sent.Later;
                else if (Libc.Errno != Libc.EINTR)
                    _broken = true;
            }
        }

        if (!_lent)
            Release();
        return _broken ? Sent.Gone : Sent.All;
    }

    private void MakeRoom(int bytes)
    {
        if (_buffer.Length - _end >= bytes)
            return;
        var kept = _end - _start;
        var larger = ArrayPool<byte>.Shared.Rent(Math.Max(SmallestBuffer, kept + bytes));
        _buffer.AsSpan(_start, kept).CopyTo(larger);
        Release();
        (_buffer, _end) = (larger, kept);
    }

    // A stream that says nothing at the moment costs no buffer.
    private void Release()
    {
        if (_buffer.Length > 0)
            ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = [];
        _start = _end = 0;
    }
}
