using System.Buffers;

namespace Comox.Gateway.Anthropic;

/// <summary>
/// The thinking blocks of one answer, for the next turn: the backend refuses a conversation in which a block it signed is missing or was changed. One
/// signed block is said by <c>reasoning_content</c> and <c>reasoning_signature</c>. Several, or redacted ones, are not, so the answer ends with all of them:
/// <code>"thinking_blocks":[{"type":"thinking","thinking":"…","signature":"…"},{"type":"redacted_thinking","data":"…"}]</code>
/// </summary>
internal sealed class ThoughtLog
{
    private readonly ArrayBufferWriter<byte> _blocks = new();
    private int _count;
    private bool _anyRedacted;
    private bool _isOpen;
    private bool _isSigned;

    public void Begin()
    {
        End();
        Separate();
        _blocks.Write("{\"type\":\"thinking\",\"thinking\":\""u8);
        (_isOpen, _isSigned) = (true, false);
    }

    public void Think(ReadOnlySpan<byte> text)
    {
        if (_isOpen && !_isSigned)
            _blocks.Write(text);
    }

    public void Sign(ReadOnlySpan<byte> signature)
    {
        if (!_isOpen || _isSigned)
            return;
        _blocks.Write("\",\"signature\":\""u8);
        _blocks.Write(signature);
        _isSigned = true;
    }

    public void End()
    {
        if (!_isOpen)
            return;
        Sign(default);
        _blocks.Write("\"}"u8);
        _isOpen = false;
    }

    public void Redacted(ReadOnlySpan<byte> data)
    {
        End();
        Separate();
        _blocks.Write("{\"type\":\"redacted_thinking\",\"data\":\""u8);
        _blocks.Write(data);
        _blocks.Write("\"}"u8);
        _anyRedacted = true;
    }

    /// <summary>The field, or nothing where the deltas have said it all.</summary>
    public ReadOnlySpan<byte> ToField()
    {
        End();
        if (_count < 2 && !_anyRedacted)
            return default;
        _blocks.Write("]"u8);
        return _blocks.WrittenSpan;
    }

    private void Separate() => _blocks.Write(_count++ == 0 ? "\"thinking_blocks\":["u8 : ","u8);
}
