using System.Buffers;

namespace Comox.Gateway.Forwarding.Sockets;

/// <summary>
/// An answer on a socket of a loop. As a stream it yields the body without its HTTP framing; <see cref="RelayAsync"/> lets the loop carry the body's events
/// to a client by itself. Bytes are read straight into the reader's buffer and decoded there, so an answer holds a buffer only between its head and its first read.
/// </summary>
internal sealed class SocketAnswer : Stream, IEngineAnswer
{
    private readonly SocketEngineConnector _owner;
    private readonly EngineSocket _socket;
    private readonly AnswerHead _head;
    private readonly ChunkedDecoder _chunks = new();
    private long _left;
    private byte[]? _early;
    private int _earlyStart;
    private readonly int _earlyEnd;
    private bool _eof;
    private bool _broken;
    private bool _surplus;
    private bool _disposed;

    /// <param name="owner">Takes the connection back.</param>
    /// <param name="socket">The connection.</param>
    /// <param name="head">The parsed head.</param>
    /// <param name="early">Rented buffer with what came with the head; null for none.</param>
    /// <param name="start">First byte of the body in it.</param>
    /// <param name="end">First free byte in it.</param>
    public SocketAnswer(SocketEngineConnector owner, EngineSocket socket, AnswerHead head, byte[]? early, int start, int end)
    {
        (_owner, _socket, _head) = (owner, socket, head);
        (_early, _earlyStart, _earlyEnd) = (early, start, end);
        // These have no body, whatever their head says of one that they would have had.
        var empty = head.Status is 204 or 304;
        _left = head.IsChunked || empty ? 0 : head.Length ?? long.MaxValue;
        IsWhole = empty || (!head.IsChunked && _left == 0);
    }

    /// <summary>Not all of the request was sent, so that no other can follow it.</summary>
    public bool IsCutShort { get; init; }

    public int Status => _head.Status;
    public string? MediaType => _head.MediaType;
    public int? RetryAfter => Forwarding.RetryAfter.SecondsOf(_head.RetryAfter, _owner.UtcNow);
    public Stream Body => this;

    /// <summary>The body has been read to its end.</summary>
    public bool IsWhole { get; private set; }

    public override bool CanRead => true;
    public override bool CanSeek => false;
    public override bool CanWrite => false;
    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        while (!IsWhole)
        {
            // An engine that floods leaves nothing to wait for, and so no other place to hear of it.
            cancellationToken.ThrowIfCancellationRequested();
            if (_broken)
                throw new IOException("The connection broke.");
            // A read of nothing only waits until there is something to read.
            if (buffer.IsEmpty && _early is not null)
                return 0;
            if (buffer.IsEmpty)
            {
                await _socket.WaitAsync(Libc.EPOLLIN, cancellationToken);
                return 0;
            }

            var received = _early is null ? _socket.Receive(buffer.Span) : TakeEarly(buffer.Span);
            if (received < 0)
            {
                await _socket.WaitAsync(Libc.EPOLLIN, cancellationToken);
                continue;
            }

            if (Decode(buffer.Span, received) is > 0 and var decoded)
                return decoded;
        }

        return 0;
    }

    /// <summary>
    /// Reads what is there, without waiting, and decodes it in place.
    /// </summary>
    /// <returns>Bytes of the body; 0 when only framing came or the body is at its end; -1 when there is nothing yet.</returns>
    /// <exception cref="IOException">The connection broke, or the framing makes no sense.</exception>
    public int ReadNow(Span<byte> buffer)
    {
        try
        {
            return _socket.Receive(buffer) is >= 0 and var received ? Decode(buffer, received) : -1;
        }
        catch (IOException)
        {
            // The system tells it once; who reads next must hear it too.
            _broken = true;
            throw;
        }
    }

    /// <summary>The loop carries events to the client until there is something that it leaves to the caller.</summary>
    public ValueTask<RelayEnd> RelayAsync(StreamRelay relay) => relay.RunAsync(this, _socket);

    public bool CanRelay => _early is null && !IsWhole;

    public SocketLoop Loop => _socket.Loop;

    public override ValueTask DisposeAsync()
    {
        End();
        return ValueTask.CompletedTask;
    }

    protected override void Dispose(bool disposing) => End();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException("This stream is read asynchronously.");

    public override void Flush() => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    private void End()
    {
        if (_disposed)
            return;
        _disposed = true;
        // What is behind the end of a body belongs to no answer: such a connection is out of step.
        _surplus |= _early is not null;
        ReturnEarly();
        if (IsWhole && !_eof && !_surplus && !_head.Closes && !IsCutShort)
            _owner.GiveBack(_socket);
        else
            _socket.Close();
    }

    private int Decode(Span<byte> buffer, int received)
    {
        if (received == 0)
        {
            _eof = true;
            // Without a length the end of the connection is the end of the body; with one, it is a body cut short.
            if (_head.IsChunked || _left != long.MaxValue)
                throw new IOException("The connection was closed in the middle of the answer.");
            IsWhole = true;
            return 0;
        }

        if (_head.IsChunked)
        {
            var decoded = _chunks.Decode(buffer[..received]);
            if (_chunks.IsInvalid)
                throw new IOException("The answer's chunks cannot be read.");
            IsWhole = _chunks.IsDone;
            _surplus |= _chunks.HasSurplus;
            return decoded;
        }

        var taken = (int)Math.Min(_left, received);
        if (_left != long.MaxValue)
            _left -= taken;
        IsWhole = _left == 0;
        _surplus |= taken < received;
        return taken;
    }

    private int TakeEarly(Span<byte> buffer)
    {
        var taken = Math.Min(buffer.Length, _earlyEnd - _earlyStart);
        _early.AsSpan(_earlyStart, taken).CopyTo(buffer);
        _earlyStart += taken;
        if (_earlyStart == _earlyEnd)
            ReturnEarly();
        return taken;
    }

    private void ReturnEarly()
    {
        if (_early is not null)
            ArrayPool<byte>.Shared.Return(_early);
        _early = null;
    }
}
