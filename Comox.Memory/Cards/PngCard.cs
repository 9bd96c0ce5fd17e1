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

        ApiResult<string>? v2 = null, v3 = null;
        var compressed = "";
        var rest = file[Signature.Length..];
        while (true)
        {
            if (rest.Length < 12 || BinaryPrimitives.ReadUInt32BigEndian(rest) is var length && length > rest.Length - 12)
                return CardReader.Invalid("the PNG is cut off: it ends inside a chunk, before IEND.");
            var type = rest.Slice(4, 4);
            var data = rest.Slice(8, (int)length);
            if (type.SequenceEqual("IEND"u8))
                break;
            var text = type.SequenceEqual("tEXt"u8);
            if ((text || type.SequenceEqual("iTXt"u8) || type.SequenceEqual("zTXt"u8)) && data.IndexOf((byte)0) is > 0 and var end)
            {
                var keyword = Encoding.Latin1.GetString(data[..end]).ToLowerInvariant();
                if (keyword is "ccv3" or "chara")
                {
                    if (!text)
                        compressed = Encoding.ASCII.GetString(type);
                    else if (keyword == "ccv3")
                        v3 = FirstGood(v3, Card(rest, (int)length, end, keyword));
                    else
                        v2 = FirstGood(v2, Card(rest, (int)length, end, keyword));
                }
            }

            rest = rest[(12 + (int)length)..];
        }

        // A bad V3 chunk must not hide the good V2 beside it; where none is good, the preferred one says what is wrong.
        if (v3 is { IsSuccess: true } newer && v2 is { IsSuccess: true } older && !CardReader.Read(newer.Value!).IsSuccess && CardReader.Read(older.Value!).IsSuccess)
            return older;
        if (FirstGood(v3, v2) is { } card)
            return card;
        return CardReader.Invalid(compressed.Length > 0
            ? $"the PNG has the card in a chunk of the type {compressed}, which is not read. Export it again as a character card, with a tEXt chunk."
            : "the PNG is a plain picture: it has no tEXt chunk named ccv3 or chara. Export it again as a character card.");
    }

    private static ApiResult<string>? FirstGood(ApiResult<string>? preferred, ApiResult<string>? other) =>
        preferred is { IsSuccess: true } || other is not { IsSuccess: true } ? preferred ?? other : other;

    // Only the chunks that are used are checked: a broken picture with a whole card is still a card.
    private static ApiResult<string> Card(ReadOnlySpan<byte> chunk, int length, int keywordEnd, string keyword) =>
        PngChecksum.Of(chunk.Slice(4, 4 + length)) != BinaryPrimitives.ReadUInt32BigEndian(chunk[(8 + length)..])
            ? CardReader.Invalid($"the PNG is damaged: the checksum of its {keyword} chunk is wrong.")
            : Decode(Encoding.Latin1.GetString(chunk[(8 + keywordEnd + 1)..(8 + length)]), keyword);

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
