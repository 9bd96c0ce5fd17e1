using System.Buffers;
using System.Text.Json;

namespace Comox.Gateway.Forwarding;

/// <summary>
/// What has been said so far: the content of choice 0, without reasoning, as the escaped JSON that came. Pieces of JSON strings put together are a JSON string, so nothing
/// is decoded until somebody asks, and a continuation can be sent the very bytes. Bounded, so that an endless reply cannot eat the memory.
/// </summary>
internal sealed class ReplyText : IDisposable
{
    public const int MaxLength = 4_000_000;

    private const int FirstBuffer = 512;
    private byte[] _escaped = [];
    private int _length;

    public bool IsEmpty => _length == 0;

    public int Length => _length;

    /// <summary>It is too long to be kept; what is here is its beginning.</summary>
    public bool IsCut { get; private set; }

    /// <summary>Without quotes. Valid until the next <see cref="Append"/>.</summary>
    public ReadOnlyMemory<byte> Escaped => _escaped.AsMemory(0, _length);

    /// <param name="escaped">The inside of a JSON string.</param>
    public void Append(ReadOnlySpan<byte> escaped)
    {
        // Whole pieces only: half an escape would spoil the rest.
        if (IsCut || escaped.Length > MaxLength - _length)
        {
            IsCut = true;
            return;
        }

        if (_length + escaped.Length > _escaped.Length)
            Grow(_length + escaped.Length);
        escaped.CopyTo(_escaped.AsSpan(_length));
        _length += escaped.Length;
    }

    /// <summary>Takes back what was appended since it had this length: an event that turns out to be garbage may be read again.</summary>
    public void CutBack(int length) => _length = length;

    public override string ToString()
    {
        if (IsEmpty)
            return "";
        byte[] quoted = [(byte)'"', .. Escaped.Span, (byte)'"'];
        var json = new Utf8JsonReader(WholeCharacters.In(quoted).Span);
        json.Read();
        return json.GetString()!;
    }

    public void Dispose()
    {
        if (_escaped.Length > 0)
            ArrayPool<byte>.Shared.Return(_escaped);
        _escaped = [];
        _length = 0;
    }

    private void Grow(int needed)
    {
        var larger = ArrayPool<byte>.Shared.Rent(Math.Max(FirstBuffer, 2 * needed));
        Escaped.CopyTo(larger);
        if (_escaped.Length > 0)
            ArrayPool<byte>.Shared.Return(_escaped);
        _escaped = larger;
    }
}
