namespace Comox.Gateway.Forwarding.Sockets;

/// <summary>
/// Takes the frames of a chunked body out, wherever the network cut it (https://www.rfc-editor.org/rfc/rfc9112#section-7.1):
/// <code>1b;ext=1\r\ndata: {"choices":…}\n\n\r\n0\r\nTrailer: x\r\n\r\n</code>
/// </summary>
internal sealed class ChunkedDecoder
{
    private State _state;
    private long _left;
    private bool _anyDigit;
    private bool _lineIsEmpty;

    private enum State
    {
        Size,
        Extension,
        Data,
        AfterData,
        Trailer,
        Done,
        Invalid,
    }

    public bool IsDone => _state == State.Done;
    public bool IsInvalid => _state == State.Invalid;

    /// <summary>Something came behind the end.</summary>
    public bool HasSurplus { get; private set; }

    /// <summary>Decodes in place: what is left of the bytes moves to their front.</summary>
    /// <param name="bytes">As received. Behind the end of the body nothing is read.</param>
    /// <returns>How many bytes of the body stand at the front.</returns>
    public int Decode(Span<byte> bytes)
    {
        var kept = 0;
        var at = 0;
        while (at < bytes.Length && _state is not (State.Done or State.Invalid))
        {
            if (_state == State.Data)
            {
                var run = (int)Math.Min(_left, bytes.Length - at);
                if (kept != at)
                    bytes.Slice(at, run).CopyTo(bytes[kept..]);
                (kept, at, _left) = (kept + run, at + run, _left - run);
                if (_left == 0)
                    _state = State.AfterData;
                continue;
            }

            Step(bytes[at++]);
        }

        HasSurplus |= IsDone && at < bytes.Length;
        return kept;
    }

    private void Step(byte next)
    {
        switch (_state)
        {
            case State.Size when DigitOf(next) is >= 0 and var digit:
                _left = _left * 16 + digit;
                _anyDigit = true;
                if (_left > int.MaxValue)
                    _state = State.Invalid;
                break;
            case State.Size or State.Extension when next == '\n':
                EndSize();
                break;
            case State.Size:
                // A carriage return, white space, or the semicolon of an extension.
                _state = _anyDigit && next is (byte)'\r' or (byte)' ' or (byte)'\t' or (byte)';' ? State.Extension : State.Invalid;
                break;
            case State.Extension:
                break;
            case State.AfterData when next == '\n':
                (_state, _left, _anyDigit) = (State.Size, 0, false);
                break;
            case State.AfterData:
                _state = next == '\r' ? State.AfterData : State.Invalid;
                break;
            case State.Trailer when next == '\n':
                _state = _lineIsEmpty ? State.Done : State.Trailer;
                _lineIsEmpty = true;
                break;
            case State.Trailer:
                _lineIsEmpty &= next == '\r';
                break;
        }
    }

    private void EndSize()
    {
        if (!_anyDigit)
            _state = State.Invalid;
        else if (_left > 0)
            _state = State.Data;
        else
            (_state, _lineIsEmpty) = (State.Trailer, true);
    }

    private static int DigitOf(byte next) => next switch
    {
        >= (byte)'0' and <= (byte)'9' => next - '0',
        >= (byte)'a' and <= (byte)'f' => next - 'a' + 10,
        >= (byte)'A' and <= (byte)'F' => next - 'A' + 10,
        _ => -1,
    };
}
