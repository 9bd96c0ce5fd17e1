using System.Text;
using Comox.Gateway.Forwarding;
using FsCheck;
using FsCheck.Fluent;

namespace Comox.Gateway.Tests.Sockets;

/// <summary>However the network cuts an engine's bytes, a client gets from the relay of the loop what it gets from the portable one.</summary>
public sealed class RelaySplitTests
{
    private static readonly string[] Pieces =
    [
        Sse.Token("Hi"), Sse.Token("Grüß 👋"), Sse.Token("a"), ": ping\n\n", "\n", "\n\n", Sse.Token("b").Replace("\n\n", "\r\n\r\n"), Sse.Token("c").Replace("\n\n", "\r\r"),
        "event: x\n" + Sse.Token("d"), "id: 7\n\n", "data:" + Sse.Token("e")[6..], "data: {\"choices\":[],\ndata: \"usage\":{\"prompt_tokens\":3}}\n\n", "data: {\"x\":1}\n\n", "data: \n\n",
        Sse.Token(new string('x', 5000)), Sse.Token(new string('y', 40_000)), Sse.Token("more"), Sse.Token("words"), Sse.Token("than"), Sse.Token("others"),
    ];

    private static readonly string[] Ends =
    [
        Sse.Finish + Sse.Done, Sse.Finish, Sse.Done, "", Sse.Finish + "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":3}}\n\n" + Sse.Done, Sse.Finish + Sse.Done + "\n" + Sse.Token("late"),
        "data: no JSON\n\n" + Sse.Done, "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"lost\"}}]\n\n", "data: {\"error\":{\"code\":500,\"message\":\"full\"}}\n\n" + Sse.Done, "data: {\"choi",
    ];

    [Fact]
    public async Task A_client_gets_the_same_bytes_from_both_relays()
    {
        await using var portable = await GatewayUnderTest.StartAsync(settings: ("Relay:Mode", RelayOptions.Portable));
        await using var loops = await GatewayUnderTest.StartAsync(settings: ("Relay:Mode", RelayOptions.Linux));
        using var first = new RawEngine(portable);
        using var second = new RawEngine(loops);

        var streams =
            from pieces in Gen.Elements(Pieces).ListOf()
            from end in Gen.Elements(Ends)
            select Sse.Token("first") + string.Concat(pieces) + end;
        var sizes = Gen.Frequency((3, Gen.Choose(1, 60)), (1, Gen.Choose(60, 20_000))).ArrayOf().Where(list => list.Length > 0);
        Prop.ForAll(streams.ToArbitrary(), sizes.ToArbitrary(), sizes.ToArbitrary(), (stream, chunks, packets) =>
        {
            var wire = ChunkedDecoderTests.Encode(Encoding.UTF8.GetBytes(stream), chunks);
            var expected = AskAsync(portable, first, wire, [wire.Length]).GetAwaiter().GetResult();
            var actual = AskAsync(loops, second, wire, packets).GetAwaiter().GetResult();
            Assert.Equal(expected, actual);
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(300).WithQuietOnSuccess(true));
    }

    private static async Task<string> AskAsync(GatewayUnderTest gateway, RawEngine engine, byte[] wire, int[] packets)
    {
        var asked = gateway.SendAsync(Chat.Streamed);
        using var call = await engine.AcceptAsync();
        await call.ReadRequestAsync();
        // Closed at the end, so that the two never differ in which connection comes next.
        await call.SendAsync(Sse.Head.Replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n"));
        var sending = SendAsync(call, wire, packets);
        using var response = await asked;
        var body = await response.Content.ReadAsStringAsync();
        await sending;
        return $"{(int)response.StatusCode} {body}";
    }

    private static async Task SendAsync(RawCall call, byte[] wire, int[] packets)
    {
        try
        {
            // Small packets for the first kilobytes; a stream of 100 KB byte by byte proves no more.
            for (var (at, i) = (0, 0); at < wire.Length; i++)
            {
                var size = Math.Min(i < 400 ? packets[i % packets.Length] : 65_536, wire.Length - at);
                await call.SendAsync(wire.AsMemory(at, size));
                at += size;
            }
        }
        catch (System.Net.Sockets.SocketException)
        {
            // The gateway has heard enough.
        }
    }
}
