using System.Net.Sockets;
using Comox.FakeBackend;
using Comox.Gateway.Forwarding;
using Comox.Gateway.Forwarding.Sockets;
using Microsoft.Extensions.Time.Testing;

namespace Comox.Gateway.Tests.Sockets;

/// <summary>Clients as they come, on connections of the loop.</summary>
public sealed class ClientConnectionTests
{
    private const string End = "0\r\n\r\n";

    [Fact]
    public async Task Requests_sent_ahead_are_answered_one_after_the_other()
    {
        await using var gateway = await StartAsync();
        using var client = await RawClient.ConnectAsync(gateway);

        await client.SendAsync(string.Concat(Enumerable.Repeat(RawClient.Request(Chat.Streamed), 5)));
        var answers = await client.ReadUntilAsync(End, times: 5);

        Assert.Equal(5, answers.Split("HTTP/1.1 200 OK\r\n").Length - 1);
        Assert.Equal(5, answers.Split("data: [DONE]\n\n").Length - 1);
        Assert.EndsWith(End, answers);
    }

    [Fact]
    public async Task A_client_that_wants_its_connection_closed_gets_chunks_and_an_end()
    {
        await using var gateway = await StartAsync();
        using var client = await RawClient.ConnectAsync(gateway);

        await client.SendAsync(RawClient.Request(Chat.Streamed, more: "Connection: close\r\n"));
        var answer = await client.ReadToEndAsync();

        Assert.Contains("Transfer-Encoding: chunked", answer);
        Assert.EndsWith("data: [DONE]\n\n\r\n" + End, answer);
    }

    [Fact]
    public async Task A_client_of_HTTP_1_0_gets_no_chunks()
    {
        await using var gateway = await StartAsync();
        using var client = await RawClient.ConnectAsync(gateway);

        await client.SendAsync(RawClient.Request(Chat.Streamed, version: "1.0"));
        var answer = await client.ReadToEndAsync();

        Assert.DoesNotContain("chunked", answer);
        Assert.Contains("\r\n\r\ndata: {", answer);
        Assert.EndsWith("\n\ndata: [DONE]\n\n", answer);
    }

    [Fact]
    public async Task A_large_body_is_sent_once_it_is_asked_for_and_arrives_whole()
    {
        await using var gateway = await StartAsync();
        using var client = await RawClient.ConnectAsync(gateway);
        var request = RawClient.Request(Chat.Streamed.Replace("Hi", new string('x', 14_000_000)), more: "Expect: 100-continue\r\n");
        var body = request.IndexOf("\r\n\r\n", StringComparison.Ordinal) + 4;

        await client.SendAsync(request[..body]);
        Assert.Equal("HTTP/1.1 100 Continue\r\n\r\n", await client.ReadUntilAsync("\r\n\r\n"));
        await client.SendAsync(request[body..]);

        Assert.EndsWith(End, await client.ReadUntilAsync(End));
        Assert.Equal(14_000_000, gateway.Node.Requests.Single().Json.GetProperty("messages")[0].GetProperty("content").GetString()!.Length);
    }

    [Fact]
    public async Task A_client_that_reads_slowly_gets_every_byte_and_the_end_behind_them()
    {
        await using var gateway = await StartAsync(new() { Tokens = [.. Enumerable.Range(0, 20_000).Select(number => $"{number} and some more words, to fill what there is between the two of us; ")] });
        using var client = await RawClient.ConnectAsync(gateway, receiveBuffer: 4096);

        await client.SendAsync(RawClient.Request(Chat.Streamed));
        var request = await gateway.Node.NextRequestAsync();
        await Eventually.IsTrueAsync(() => IsStuckAsync(gateway.Loop()), "nothing more fits between the two");
        var answer = await client.ReadUntilAsync("data: [DONE]\n\n\r\n" + End);

        Assert.Equal(20_000, answer.Split("and some more words").Length - 1);
        await request.Ended.WaitAsync(TimeSpan.FromMinutes(1));
        // The connection goes on.
        await client.SendAsync(RawClient.Request(Chat.Whole));
        Assert.Contains("200 OK", await client.ReadUntilAsync("\r\n\r\n"));
    }

    [Fact]
    public async Task A_client_that_stops_reading_is_let_go_and_costs_little_until_then()
    {
        var time = new FakeTimeProvider();
        await using var gateway = await GatewayUnderTest.StartAsync(
            new() { Tokens = [.. Enumerable.Repeat(new string('x', 1000), 60_000)] }, time, settings: [("Relay:Mode", RelayOptions.Linux), ("SlowClientTimeout", "00:00:30"), ("TokenIdleTimeout", "10:00:00")]);
        using var client = await RawClient.ConnectAsync(gateway, receiveBuffer: 4096);

        await client.SendAsync(RawClient.Request(Chat.Streamed));
        var request = await gateway.Node.NextRequestAsync();
        var loop = gateway.Loop();
        await Eventually.IsTrueAsync(() => IsStuckAsync(loop), "the client's socket is full, and the system's buffers are");
        Assert.InRange(KeptIn(loop), 1, 2 * SocketLoop.BufferSize);
        Assert.False(request.Aborted.IsCompleted);

        await Eventually.IsTrueAsync(
            () =>
            {
                time.Advance(TimeSpan.FromSeconds(1));
                return request.Aborted.IsCompleted;
            },
            "the engine is free");
        await Eventually.IsTrueAsync(() => KeptIn(loop) == 0, "the connection is gone");
        Assert.DoesNotContain(gateway.Log.Lines, line => line.Message.Contains("failed at", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_client_that_leaves_while_its_socket_is_full_frees_the_engine(bool reset)
    {
        await using var gateway = await StartAsync(new() { Tokens = [.. Enumerable.Repeat(new string('x', 1000), 60_000)] });
        using var client = await RawClient.ConnectAsync(gateway, receiveBuffer: 4096);
        await client.SendAsync(RawClient.Request(Chat.Streamed));
        var request = await gateway.Node.NextRequestAsync();
        await Eventually.IsTrueAsync(() => IsStuckAsync(gateway.Loop()), "the client's socket is full");

        if (reset)
            client.Reset();
        else
            client.Socket.Shutdown(SocketShutdown.Send);

        await request.Aborted.WaitAsync(TimeSpan.FromMinutes(1));
    }

    [Fact]
    public async Task A_client_that_is_gone_while_the_server_has_read_enough_is_heard()
    {
        await using var gateway = await StartAsync(new() { HoldAfter = 3 });
        using var client = await RawClient.ConnectAsync(gateway);
        await client.SendAsync(RawClient.Request(Chat.Streamed));
        var request = await gateway.Node.NextRequestAsync();
        // More than the server buffers of the next request while it answers this one.
        client.Socket.Blocking = false;
        var sent = 0;
        await Eventually.IsTrueAsync(
            () =>
            {
                while (client.Socket.Poll(TimeSpan.FromMilliseconds(20), SelectMode.SelectWrite))
                    sent += client.Socket.Send(new byte[16 * 1024], SocketFlags.None, out _);
                return sent > 0;
            },
            "nothing more is taken");

        client.Reset();

        await request.Aborted.WaitAsync(TimeSpan.FromMinutes(1));
    }

    [Fact]
    public async Task A_stream_that_the_loop_cannot_carry_is_kept_alive_all_the_same()
    {
        var time = new FakeTimeProvider();
        await using var asked = await AskedEngine.StartAsync(GatewayUnderTest.StartAsync(
            time: time, settings: [("Relay:Mode", RelayOptions.Linux), ("KeepAliveInterval", "00:00:10"), ("TokenIdleTimeout", "10:00:00")]));
        // Names of events are no part of what a relay carries; after some of them it is not asked again.
        await asked.Call.SendAsync(Sse.Head + Sse.Chunk(Sse.Token("word")));
        using var answer = await LiveAnswer.OfAsync(asked.Sent);
        for (var i = 0; i < 20; i++)
            await asked.Call.SendAsync(Sse.Chunk("event: x\n" + Sse.Token($"word{i}")));
        while (await answer.NextAsync() is { } next && !next.Contains("word19", StringComparison.Ordinal))
        {
        }

        Assert.Equal(": ping\n\n", await answer.CommentAsync(time, TimeSpan.FromSeconds(1)));
        await asked.Call.SendAsync(Sse.Chunk(Sse.Finish + Sse.Done) + Sse.End);
        Assert.EndsWith(Sse.Done, await answer.RestAsync());
    }

    [Fact]
    public async Task Nagle_waits_on_neither_side()
    {
        await using var gateway = await StartAsync(new() { HoldAfter = 3 });
        using var response = await gateway.SendAsync(Chat.Streamed);
        var loop = gateway.Loop();
        await Eventually.IsTrueAsync(() => loop.Relays == 1, "the loop carries the stream");

        var sockets = loop.Sockets;
        Assert.Single(sockets.OfType<EngineSocket>());
        Assert.NotEmpty(sockets.OfType<ClientSocket>());
        Assert.All(sockets.Where(socket => socket is EngineSocket or ClientSocket), socket => Assert.Equal(1, OptionOf(socket.Descriptor, Libc.TCP_NODELAY)));
        gateway.Node.Release();
    }

    private static unsafe int OptionOf(int descriptor, int option)
    {
        int value;
        uint length = sizeof(int);
        Assert.Equal(0, Libc.getsockopt(descriptor, Libc.IPPROTO_TCP, option, &value, &length));
        return value;
    }

    private static long KeptIn(SocketLoop loop) => loop.Sockets.OfType<ClientSocket>().Select(socket => socket.Output.UnflushedBytes).DefaultIfEmpty().Max();

    // Nothing moves, however often the loop turns.
    private static async Task<bool> IsStuckAsync(SocketLoop loop)
    {
        var kept = KeptIn(loop);
        for (var turn = 0; turn < 200; turn++)
            await loop.TurnAsync();
        return kept > 0 && KeptIn(loop) == kept;
    }

    private static Task<GatewayUnderTest> StartAsync(FakeScript? script = null) => GatewayUnderTest.StartAsync(script, settings: ("Relay:Mode", RelayOptions.Linux));
}
