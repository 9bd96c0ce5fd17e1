using System.Buffers;

namespace Comox.Gateway.Forwarding;

/// <summary>The answer of a backend that speaks another API, as a stream of <c>chat.completion.chunk</c>s: everything behind it sees one API.</summary>
internal sealed class TranslatedAnswer(IEngineAnswer inner, IEngineDialect dialect, int maxEventBytes) : Stream, IEngineAnswer
{
    private readonly SseReader _events = new(inner.Body, maxEventBytes);
    private readonly ArrayBufferWriter<byte> _chunks = new();
    private int _read;
    private bool _ended;

    public int Status => inner.Status;
    public string? MediaType => inner.MediaType;
    public int? RetryAfter => inner.RetryAfter;
    public Stream Body => this;

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
        while (_read == _chunks.WrittenCount)
        {
            if (_ended)
                return 0;
            _chunks.ResetWrittenCount();
            _read = 0;
            while (_events.TryRead(out var sse))
            {
                if (!sse.Data.IsEmpty)
                    dialect.WriteEvent(sse.Data, _chunks);
            }

            if (_chunks.WrittenCount > 0)
                break;
            switch (await _events.FillAsync(cancellationToken))
            {
                case SseFill.TooLarge:
                    throw new EndlessEventException();
                case SseFill.End:
                    _ended = true;
                    break;
            }
        }

        // A read of nothing only waits until there is something to read.
        var taken = Math.Min(buffer.Length, _chunks.WrittenCount - _read);
        _chunks.WrittenMemory.Slice(_read, taken).CopyTo(buffer);
        _read += taken;
        return taken;
    }

    public override async ValueTask DisposeAsync()
    {
        _events.Dispose();
        await inner.DisposeAsync();
        await base.DisposeAsync();
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException("This stream is read asynchronously.");

    public override void Flush() => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}

/// <summary>An event is larger than the limit. Whoever reads on sees a broken connection.</summary>
internal sealed class EndlessEventException() : IOException("The answer holds an event that does not end.");
