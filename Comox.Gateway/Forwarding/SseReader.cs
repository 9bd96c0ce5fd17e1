using System.Buffers;

namespace Comox.Gateway.Forwarding;

/// <summary>
/// Cuts a byte stream into server-sent events, whichever way the network split it (https://html.spec.whatwg.org/multipage/server-sent-events.html):
/// lines end with LF, CR or CRLF, an empty line ends an event. An event ends at the CR of an empty line without waiting for its LF, which then
/// counts as the first byte of the next event: an event is never held back for a byte that may not come.
/// <para>While no event is under way it holds no buffer: an idle stream costs a zero-byte read.</para>
/// </summary>
internal sealed class SseReader(Stream source, int maxEventBytes) : IDisposable
{
    private const int FirstBuffer = 4096;

    private byte[] _buffer = [];
    private int _start;     // first byte of the event under way
    private int _lineStart; // first byte of its last line
    private int _scanned;   // bytes before this hold no unseen line end
    private int _end;       // first free byte
    private bool _afterCarriageReturn;

    /// <summary>No byte is under way, nor the line feed that may follow a carriage return.</summary>
    public bool IsEmpty => _start == _end && !_afterCarriageReturn;

    /// <summary>Takes bytes that somebody else has read from the source.</summary>
    public void Feed(ReadOnlySpan<byte> bytes)
    {
        if (bytes.IsEmpty)
            return;
        if (!IsEmpty)
            throw new InvalidOperationException("Bytes of the source were read out of order.");
        Release();
        _buffer = ArrayPool<byte>.Shared.Rent(Math.Max(FirstBuffer, bytes.Length));
        bytes.CopyTo(_buffer);
        _end = bytes.Length;
    }

    /// <summary>The next event that is whole in the buffer.</summary>
    public bool TryRead(out SseEvent sse)
    {
        while (_scanned < _end)
        {
            if (_afterCarriageReturn)
            {
                _afterCarriageReturn = false;
                if (_buffer[_scanned] == (byte)'\n')
                {
                    _lineStart = ++_scanned;
                    continue;
                }
            }

            var offset = _buffer.AsSpan(_scanned, _end - _scanned).IndexOfAny((byte)'\n', (byte)'\r');
            if (offset < 0)
            {
                _scanned = _end;
                break;
            }

            var lineEnd = _scanned + offset;
            var isEmpty = lineEnd == _lineStart;
            _afterCarriageReturn = _buffer[lineEnd] == (byte)'\r';
            _lineStart = _scanned = lineEnd + 1;
            if (!isEmpty)
                continue;

            var raw = _buffer.AsMemory(_start, _scanned - _start);
            _start = _scanned;
            sse = new SseEvent(raw, DataOf(raw));
            return true;
        }

        sse = default;
        return false;
    }

    /// <summary>Waits for bytes. Events read before become invalid.</summary>
    public async ValueTask<SseFill> FillAsync(CancellationToken cancellation)
    {
        if (_start == _end)
        {
            Release();
#pragma warning disable CA2022 // A zero-byte read only waits until there is something to read.
            await source.ReadAsync(Memory<byte>.Empty, cancellation);
#pragma warning restore CA2022
            _buffer = ArrayPool<byte>.Shared.Rent(FirstBuffer);
        }
        else if (_end - _start > maxEventBytes)
        {
            return SseFill.TooLarge;
        }
        else if (_end == _buffer.Length)
        {
            MakeRoom();
        }

        var read = await source.ReadAsync(_buffer.AsMemory(_end), cancellation);
        _end += read;
        return read > 0 ? SseFill.More : SseFill.End;
    }

    public void Dispose() => Release();

    internal static ReadOnlyMemory<byte> DataOf(ReadOnlyMemory<byte> raw)
    {
        ReadOnlyMemory<byte> data = default;
        ArrayBufferWriter<byte>? joined = null;
        var found = false;
        for (var rest = raw; !rest.IsEmpty;)
        {
            var end = rest.Span.IndexOfAny((byte)'\n', (byte)'\r');
            var line = rest[..end];
            rest = rest[(end + 1)..];
            if (!TryGetData(line, out var value))
                continue;
            if (found)
            {
                // Room for all of them at once: an event may have a million lines.
                if (joined is null)
                {
                    joined = new ArrayBufferWriter<byte>(raw.Length);
                    joined.Write(data.Span);
                }

                joined.Write("\n"u8);
                joined.Write(value.Span);
            }
            else
            {
                data = value;
                found = true;
            }
        }

        return joined?.WrittenMemory ?? data;
    }

    // "data: {…}", "data:{…}" or "data". A comment starts with a colon; "event", "id" and "retry" mean nothing to an OpenAI stream.
    private static bool TryGetData(ReadOnlyMemory<byte> line, out ReadOnlyMemory<byte> value)
    {
        value = default;
        if (!line.Span.StartsWith("data"u8))
            return false;
        if (line.Length == 4)
            return true;
        if (line.Span[4] != (byte)':')
            return false;
        value = line[(line.Length > 5 && line.Span[5] == (byte)' ' ? 6 : 5)..];
        return true;
    }

    private void MakeRoom()
    {
        var kept = _end - _start;
        var target = kept <= _buffer.Length / 2 ? _buffer : ArrayPool<byte>.Shared.Rent(_buffer.Length * 2);
        _buffer.AsSpan(_start, kept).CopyTo(target);
        if (target != _buffer)
            ArrayPool<byte>.Shared.Return(_buffer);
        (_buffer, _lineStart, _scanned, _end, _start) = (target, _lineStart - _start, _scanned - _start, kept, 0);
    }

    private void Release()
    {
        if (_buffer.Length > 0)
            ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = [];
        _start = _lineStart = _scanned = _end = 0;
    }
}
