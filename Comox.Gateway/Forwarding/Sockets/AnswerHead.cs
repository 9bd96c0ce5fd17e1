using System.Buffers.Text;
using System.Text;

namespace Comox.Gateway.Forwarding.Sockets;

/// <summary>The head of an HTTP/1.1 answer, as far as a relay must know it (https://www.rfc-editor.org/rfc/rfc9112#section-4).</summary>
internal readonly record struct AnswerHead
{
    public int Status { get; private init; }
    public long? Length { get; private init; }
    public bool IsChunked { get; private init; }

    /// <summary>The backend closes the connection after this answer.</summary>
    public bool Closes { get; private init; }

    public string? MediaType { get; private init; }

    /// <summary>As it was sent.</summary>
    public string? RetryAfter { get; private init; }

    /// <param name="head">From the status line to the blank line, both included.</param>
    /// <param name="answer">The parsed head, when the answer is true.</param>
    public static bool TryParse(ReadOnlySpan<byte> head, out AnswerHead answer)
    {
        answer = default;
        // HTTP/1.1 200 OK
        if (head.Length < 12 || !head.StartsWith("HTTP/1."u8) || !TryNumber(head[9..12], out var status) || status < 100 || (head.Length > 12 && char.IsAsciiDigit((char)head[12])))
            return false;
        answer = new AnswerHead { Status = (int)status, Closes = head[7] == (byte)'0' };
        for (var rest = head[(head.IndexOf((byte)'\n') + 1)..]; !rest.IsEmpty;)
        {
            var end = rest.IndexOf((byte)'\n');
            if (end < 0)
                return false;
            var line = rest[..end].TrimEnd((byte)'\r');
            rest = rest[(end + 1)..];
            if (line.IsEmpty)
                break;
            var colon = line.IndexOf((byte)':');
            if (colon <= 0)
                return false;
            var name = line[..colon];
            var value = line[(colon + 1)..].Trim(" \t"u8);
            // Without a sure end of the body nothing can be read: two lengths, or none of a kind, are a refusal.
            if (Is(name, "content-length"u8) && (!TryNumber(value, out var length) || (answer.Length ?? length) != length))
                return false;
            answer = answer.With(name, value);
        }

        return true;
    }

    private AnswerHead With(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value) => name.Length switch
    {
        10 when Is(name, "connection"u8) => this with { Closes = Contains(value, "close"u8) || (Closes && !Contains(value, "keep-alive"u8)) },
        11 when Is(name, "retry-after"u8) => this with { RetryAfter = Encoding.ASCII.GetString(value) },
        12 when Is(name, "content-type"u8) => this with { MediaType = Encoding.ASCII.GetString(value) },
        14 when Is(name, "content-length"u8) && TryNumber(value, out var length) => this with { Length = length },
        17 when Is(name, "transfer-encoding"u8) => this with { IsChunked = Contains(value, "chunked"u8) },
        _ => this,
    };

    // Digits and nothing else: the parser itself would take a sign, and stop at the first letter.
    private static bool TryNumber(ReadOnlySpan<byte> text, out long number)
    {
        number = 0;
        return !text.IsEmpty && !text.ContainsAnyExceptInRange((byte)'0', (byte)'9') && Utf8Parser.TryParse(text, out number, out _);
    }

    private static bool Is(ReadOnlySpan<byte> name, ReadOnlySpan<byte> known) => Ascii.EqualsIgnoreCase(name, known);

    private static bool Contains(ReadOnlySpan<byte> value, ReadOnlySpan<byte> token)
    {
        foreach (var part in value.Split((byte)','))
        {
            if (Is(value[part].Trim(" \t"u8), token))
                return true;
        }

        return false;
    }
}
