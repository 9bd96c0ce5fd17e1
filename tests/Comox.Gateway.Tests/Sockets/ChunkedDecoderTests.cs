using System.Globalization;
using System.Text;
using Comox.Gateway.Forwarding.Sockets;
using FsCheck;
using FsCheck.Fluent;

namespace Comox.Gateway.Tests.Sockets;

public sealed class ChunkedDecoderTests
{
    private static readonly Gen<byte[]> Body = Gen.Choose(0, 255).Select(value => (byte)value).ArrayOf();
    private static readonly Gen<int[]> Sizes = Gen.Choose(1, 40).ArrayOf().Where(sizes => sizes.Length > 0);

    [Fact]
    public void A_body_is_the_same_however_it_is_cut_into_chunks_and_packets()
    {
        Prop.ForAll(Body.ToArbitrary(), Sizes.ToArbitrary(), Sizes.ToArbitrary(), (body, chunks, packets) =>
        {
            var (decoded, decoder) = Decode(Encode(body, chunks), packets);
            return decoded.SequenceEqual(body) && decoder.IsDone && !decoder.IsInvalid && !decoder.HasSurplus;
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(1000).WithQuietOnSuccess(true));
    }

    [Fact]
    public void Any_bytes_are_read_to_the_same_end_however_they_are_cut()
    {
        var wire = Gen.Elements("0", "1", "a", "F", "5", "\r\n", "\n", "\r", ";x=1", " ", "data", "0\r\n\r\n", "ffffffff", "-", "7fffffffffffffff").ListOf().Select(string.Concat);
        Prop.ForAll(wire.ToArbitrary(), Sizes.ToArbitrary(), (text, packets) =>
        {
            var bytes = Encoding.Latin1.GetBytes(text);
            var (whole, one) = Decode(bytes, [bytes.Length + 1]);
            var (cut, other) = Decode(bytes, packets);
            return whole.SequenceEqual(cut) && (one.IsDone, one.IsInvalid) == (other.IsDone, other.IsInvalid) && whole.Length <= bytes.Length;
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(2000).WithQuietOnSuccess(true));
    }

    [Theory]
    [InlineData("5;name=\"v;w\"\r\nhello\r\n0\r\n\r\n", "hello")]
    [InlineData("5 \r\nhello\r\n0\r\nTrailer: x\r\nOther: y\r\n\r\n", "hello")]
    [InlineData("0005\nhello\n0\n\n", "hello")]
    [InlineData("A\r\n0123456789\r\n00\r\n\r\n", "0123456789")]
    public void Extensions_trailers_and_bare_line_feeds_are_no_part_of_the_body(string wire, string body)
    {
        var (decoded, decoder) = Decode(Encoding.Latin1.GetBytes(wire), [3]);

        Assert.Equal(body, Encoding.Latin1.GetString(decoded));
        Assert.True(decoder.IsDone);
    }

    [Theory]
    [InlineData("\r\n")]
    [InlineData("x\r\n")]
    [InlineData("-5\r\nhello")]
    [InlineData("5\r\nhelloworld")]
    [InlineData("ffffffffffffffff\r\n")]
    [InlineData("80000000\r\n")]
    [InlineData("10000000000000005\r\nhello\r\n0\r\n\r\n")]
    public void What_is_no_chunk_is_refused(string wire)
    {
        var (_, decoder) = Decode(Encoding.Latin1.GetBytes(wire), [1]);

        Assert.True(decoder.IsInvalid);
        Assert.False(decoder.IsDone);
    }

    [Theory]
    [InlineData("5\r\nhello\r\n0\r\n\r\n", false)]
    [InlineData("5\r\nhello\r\n0\r\n\r\nH", true)]
    public void What_comes_behind_the_end_is_noticed(string wire, bool surplus)
    {
        var (decoded, decoder) = Decode(Encoding.Latin1.GetBytes(wire), [100]);

        Assert.Equal("hello", Encoding.Latin1.GetString(decoded));
        Assert.Equal(surplus, decoder.HasSurplus);
    }

    internal static byte[] Encode(ReadOnlySpan<byte> body, IReadOnlyList<int> sizes)
    {
        var wire = new MemoryStream();
        for (var i = 0; !body.IsEmpty; i++)
        {
            var size = Math.Min(sizes[i % sizes.Count], body.Length);
            wire.Write(Encoding.ASCII.GetBytes(size.ToString("x", CultureInfo.InvariantCulture) + "\r\n"));
            wire.Write(body[..size]);
            wire.Write("\r\n"u8);
            body = body[size..];
        }

        wire.Write("0\r\n\r\n"u8);
        return wire.ToArray();
    }

    private static (byte[] Body, ChunkedDecoder Decoder) Decode(byte[] wire, IReadOnlyList<int> packets)
    {
        var (decoder, body) = (new ChunkedDecoder(), new MemoryStream());
        for (var (at, i) = (0, 0); at < wire.Length; i++)
        {
            var packet = wire.AsSpan(at, Math.Min(packets[i % packets.Count], wire.Length - at)).ToArray();
            body.Write(packet.AsSpan(0, decoder.Decode(packet)));
            at += packet.Length;
        }

        return (body.ToArray(), decoder);
    }
}
