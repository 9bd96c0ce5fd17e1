using System.Buffers.Binary;
using System.Text;
using Comox.ServiceDefaults.Clients;

namespace Comox.Memory.Cards;

/// <summary>
/// Finds the card inside a PNG: a <c>tEXt</c> chunk with the keyword <c>ccv3</c> (V3, preferred) or <c>chara</c>, whose text is base64 of UTF-8 JSON.
/// A PNG is the signature and then chunks: length (4 bytes, big endian), type (4), data, CRC-32 of type and data (4)
/// (https://www.w3.org/TR/png-3/#5Chunk-layout).
/// </summary>
internal static class PngCard
{
    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private static ReadOnlySpan<byte> Signature => [0x89, (byte)'P', (byte)'N', (byte)'G', 0x0D, 0x0A, 0x1A, 0x0A];

    public static bool IsPng(ReadOnlySpan<byte> file) => file.StartsWith(Signature);

    public static ApiResult<string> Read(ReadOnlySpan<byte> file)
    {
        if (!IsPng(file))
            return CardReader.Invalid("the file is not a PNG.");

        string? v2 = null, v3 = null;
        var rest = file[Signature.Length..];
        while (true)
        {
            if (rest.Length < 12 || BinaryPrimitives.ReadUInt32BigEndian(rest) is var length && length > rest.Length - 12)
                return CardReader.Invalid("the PNG is cut off: it ends inside a chunk, before IEND.");
            var type = rest.Slice(4, 4);
            var data = rest.Slice(8, (int)length);
            if (type.SequenceEqual("IEND"u8))
                break;
            if (type.SequenceEqual("tEXt"u8) && data.IndexOf((byte)0) is > 0 and var end)
            {
                var keyword = Encoding.Latin1.GetString(data[..end]).ToLowerInvariant();
                if (keyword is "ccv3" or "chara")
                {
                    // Only the chunks that are used are checked: a broken picture with a whole card is still a card.
                    if (PngChecksum.Of(rest.Slice(4, 4 + (int)length)) != BinaryPrimitives.ReadUInt32BigEndian(rest[(8 + (int)length)..]))
                        return CardReader.Invalid($"the PNG is damaged: the checksum of its {keyword} chunk is wrong.");
                    var text = Encoding.Latin1.GetString(data[(end + 1)..]);
                    if (keyword == "ccv3")
                        v3 ??= text;
                    else
                        v2 ??= text;
                }
            }

            rest = rest[(12 + (int)length)..];
        }

        return (v3 ?? v2) is { } base64
            ? Decode(base64, v3 is null ? "chara" : "ccv3")
            : CardReader.Invalid("the PNG is a plain picture: it has no tEXt chunk named ccv3 or chara. Export it again as a character card.");
    }

    private static ApiResult<string> Decode(string base64, string keyword)
    {
        var bytes = new byte[base64.Length / 4 * 3 + 3];
        if (!Convert.TryFromBase64String(base64, bytes, out var written))
            return CardReader.Invalid($"the text of the PNG's {keyword} chunk is not base64.");
        try
        {
            return StrictUtf8.GetString(bytes, 0, written);
        }
        catch (DecoderFallbackException)
        {
            return CardReader.Invalid($"the text of the PNG's {keyword} chunk is not UTF-8.");
        }
    }
}
