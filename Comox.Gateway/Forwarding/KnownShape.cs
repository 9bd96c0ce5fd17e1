using System.Buffers;

namespace Comox.Gateway.Forwarding;

/// <summary>
/// The shape of a stream's token events, learned from one that was read in full. Engines repeat everything but the words:
/// <code>{"id":"chatcmpl-1",…,"choices":[{"index":0,"delta":{"content":"│ Hi │"},"finish_reason":null}]}</code>
/// An event that has the same bytes before and after, and between them a JSON string without an escape, is the same event with another word; it need not be parsed to know what it
/// is. Everything else is parsed, and is what is learned from next.
/// </summary>
internal sealed class KnownShape : IDisposable
{
    private const int Longest = 1024;

    // What may not stand unescaped in a JSON string, and the escape itself, whose sequences would have to be checked.
    private static readonly SearchValues<byte> NotPlain = SearchValues.Create([.. Enumerable.Range(0, 32).Select(code => (byte)code), (byte)'"', (byte)'\\']);

    private byte[] _bytes = [];
    private int _before;
    private int _after;

    /// <param name="data">An event that was read, is valid, and says nothing but a piece of text.</param>
    /// <param name="content">That piece, inside <paramref name="data"/>.</param>
    public void Learn(ReadOnlySpan<byte> data, ReadOnlySpan<byte> content)
    {
        if (!data.Overlaps(content, out var offset) || data.Length > Longest)
            return;
        var before = data[..offset];
        var after = data[(offset + content.Length)..];
        if (_bytes.Length < before.Length + after.Length)
        {
            Dispose();
            _bytes = ArrayPool<byte>.Shared.Rent(before.Length + after.Length);
        }

        before.CopyTo(_bytes);
        after.CopyTo(_bytes.AsSpan(before.Length));
        (_before, _after) = (before.Length, after.Length);
    }

    /// <returns>Whether the event is of the known shape and brings at least one byte of text.</returns>
    public bool Matches(ReadOnlySpan<byte> data, out ReadOnlySpan<byte> content)
    {
        content = default;
        if (_before == 0 || data.Length <= _before + _after)
            return false;
        var known = _bytes.AsSpan(0, _before + _after);
        if (!data.StartsWith(known[.._before]) || !data.EndsWith(known[_before..]))
            return false;
        content = data[_before..^_after];
        return !content.ContainsAny(NotPlain);
    }

    public void Dispose()
    {
        if (_bytes.Length > 0)
            ArrayPool<byte>.Shared.Return(_bytes);
        _bytes = [];
        _before = _after = 0;
    }
}
