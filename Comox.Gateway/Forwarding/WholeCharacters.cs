using System.Globalization;
using System.Text;
using System.Text.Unicode;

namespace Comox.Gateway.Forwarding;

/// <summary>
/// Replaces half characters in JSON by U+FFFD: bytes that are no UTF-8, and escapes of one surrogate without the other (<c>"\ud83d"</c>). Engines write
/// them where they split a character between two tokens; a JSON DOM takes them in and throws when such a string, or a key beside it, is looked at.
/// </summary>
internal static class WholeCharacters
{
    private const int EscapeLength = 6;

    /// <returns>The same memory where nothing is broken.</returns>
    public static ReadOnlyMemory<byte> In(ReadOnlyMemory<byte> json)
    {
        if (!Utf8.IsValid(json.Span))
            json = Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(json.Span));

        byte[]? mended = null;
        var span = json.Span;
        for (var at = 0; span[at..].IndexOf((byte)'\\') is >= 0 and var offset;)
        {
            at += offset;
            var length = 2;
            if (TryGetUnit(span[at..], out var unit))
            {
                length = EscapeLength;
                if (char.IsHighSurrogate(unit) && TryGetUnit(span[(at + EscapeLength)..], out var second) && char.IsLowSurrogate(second))
                    length = 2 * EscapeLength;
                else if (char.IsSurrogate(unit))
                    "\\ufffd"u8.CopyTo((mended ??= json.ToArray()).AsSpan(at));
            }

            at = Math.Min(at + length, span.Length);
        }

        return mended ?? json;
    }

    private static bool TryGetUnit(ReadOnlySpan<byte> text, out char unit)
    {
        unit = default;
        if (text.Length < EscapeLength || !text.StartsWith("\\u"u8) || !ushort.TryParse(text[2..EscapeLength], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var value))
            return false;
        unit = (char)value;
        return true;
    }
}
