using System.Net;
using Comox.Gateway.Forwarding;
using Microsoft.Extensions.Time.Testing;

namespace Comox.Gateway.Tests.Sockets;

/// <summary>HTTP between the gateway and its backends, as peculiar as servers are.</summary>
public sealed class EngineConnectionTests
{
    private const string Stream = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Hi\"},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n";

    public static TheoryData<string, string> Answers => new()
    {
        { "chunked", Sse.Head + Sse.Chunk(Stream) + Sse.End },
        { "with extensions and trailers", Sse.Head + Sse.Chunk(Stream).Replace("\r\ndata", ";a=b\r\ndata") + "0;x\r\nTrailer: y\r\n\r\n" },
        { "with a length", $"HTTP/1.1 200 OK\r\nContent-Length: {Stream.Length}\r\n\r\n{Stream}" },
        { "after a continue in the same packet", "HTTP/1.1 100 Continue\r\n\r\n" + Sse.Head + Sse.Chunk(Stream) + Sse.End },
        { "after two hints", "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 103 Early Hints\r\n\r\n" + Sse.Head + Sse.Chunk(Stream) + Sse.End },
        { "with bare line feeds", "HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n" + Sse.Chunk(Stream) + Sse.End },
        { "with a long head", "HTTP/1.1 200 OK\r\nX-Long: " + new string('x', 30_000) + "\r\nTransfer-Encoding: chunked\r\n\r\n" + Sse.Chunk(Stream) + Sse.End },
    };

    [Theory]
    [MemberData(nameof(Answers))]
    public async Task An_answer_is_read_and_its_connection_serves_the_next_request(string how, string answer)
    {
        await using var asked = await AskAsync();
        Assert.Contains("Host: 127.0.0.1:", asked.Request);
        await asked.Call.SendAsync(answer);
        Assert.Equal(Stream, await asked.AnswerAsync());

        var second = asked.Gateway.SendAsync(Chat.Streamed);
        Assert.NotNull(await asked.Call.ReadRequestAsync());
        await asked.Call.SendAsync(answer);
        Assert.Equal(Stream, await (await second).Content.ReadAsStringAsync());
        Assert.False(asked.Engine.IsCalled, how);
    }

    public static TheoryData<string, string, bool> Last => new()
    {
        { "says that it closes", Sse.Head.Replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n") + Sse.Chunk(Stream) + Sse.End, false },
        { "speaks HTTP/1.0", $"HTTP/1.0 200 OK\r\nContent-Length: {Stream.Length}\r\n\r\n{Stream}", false },
        { "says more than its length", $"HTTP/1.1 200 OK\r\nContent-Length: {Stream.Length}\r\n\r\n{Stream}HTTP/1.1 200 OK\r\n\r\n", false },
        { "says more behind the last chunk", Sse.Head + Sse.Chunk(Stream) + Sse.End + "HTTP/1.1 200 OK\r\n\r\n", false },
        { "says more behind an empty body", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\nHTTP/1.1 200 OK\r\n\r\n", false },
        { "ends with the connection", "HTTP/1.1 200 OK\r\n\r\n" + Stream, true },
    };

    [Theory]
    [MemberData(nameof(Last))]
    public async Task A_connection_that_is_out_of_step_serves_no_other_request(string how, string answer, bool ends)
    {
        await using var asked = await AskAsync();

        await asked.Call.SendAsync(answer);
        if (ends)
            asked.Call.Socket.Shutdown(System.Net.Sockets.SocketShutdown.Send);
        var body = await asked.AnswerAsync();

        Assert.Equal(answer.Contains(Stream, StringComparison.Ordinal), body == Stream);
        Assert.True(await asked.Call.IsClosedAsync(), how);
    }

    [Theory]
    [InlineData("HTTP/1.1 204 No Content\r\nContent-Length: 10\r\n\r\n")]
    [InlineData("HTTP/1.1 304 Not Modified\r\nTransfer-Encoding: chunked\r\n\r\n")]
    public async Task An_answer_that_cannot_have_a_body_is_not_waited_for(string answer)
    {
        await using var asked = await AskAsync();

        await asked.Call.SendAsync(answer);

        Assert.Equal(HttpStatusCode.BadGateway, (await asked.Sent).StatusCode);
    }

    [Theory]
    [InlineData("SSH-2.0-OpenSSH\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello")]
    public async Task What_is_no_answer_is_an_unreachable_engine(string answer)
    {
        await using var asked = await AskAsync();

        await asked.Call.SendAsync(answer);

        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await asked.Sent).StatusCode);
        Assert.True(await asked.Call.IsClosedAsync());
    }

    [Fact]
    public async Task A_head_without_an_end_is_given_up()
    {
        await using var asked = await AskAsync();

        await Record.ExceptionAsync(() => asked.Call.SendAsync("HTTP/1.1 200 OK\r\nX: " + new string('x', 200_000)));

        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await asked.Sent).StatusCode);
        Assert.True(await asked.Call.IsClosedAsync());
    }

    [Fact]
    public async Task Chunks_that_make_no_sense_end_the_stream_although_the_engine_stays()
    {
        await using var asked = await AskAsync();

        await asked.Call.SendAsync(Sse.Head + Sse.Chunk(Sse.Token("Hi")));
        using var response = await asked.Sent;
        await Eventually.IsTrueAsync(() => asked.Gateway.Loop().Relays == 1, "the loop carries the stream");
        await asked.Call.SendAsync("no size\r\n");

        Assert.Contains("broke off", await response.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task A_connection_that_was_closed_while_idle_is_no_failure()
    {
        await using var asked = await AskAsync();
        await AnswerAsync(asked);
        asked.Call.Reset();

        var sent = asked.Gateway.SendAsync(Chat.Streamed);
        using var call = await asked.Engine.AcceptAsync();
        await call.ReadRequestAsync();
        await call.SendAsync(Sse.Head + Sse.Chunk(Stream) + Sse.End);

        Assert.Equal(Stream, await (await sent).Content.ReadAsStringAsync());
    }

    [Theory]
    [InlineData(0, true)]
    [InlineData(2, false)]
    public async Task A_request_is_repeated_only_where_the_engine_cannot_have_worked_on_it(int seconds, bool repeated)
    {
        var time = new FakeTimeProvider();
        await using var asked = await AskedEngine.StartAsync(GatewayUnderTest.StartAsync(time: time, settings: ("Relay:Mode", RelayOptions.Linux)));
        await AnswerAsync(asked);

        var sent = asked.Gateway.SendAsync(Chat.Streamed);
        await asked.Call.ReadRequestAsync();
        time.Advance(TimeSpan.FromSeconds(seconds));
        asked.Call.Reset();

        if (repeated)
        {
            using var call = await asked.Engine.AcceptAsync();
            await call.ReadRequestAsync();
            await call.SendAsync(Sse.Head + Sse.Chunk(Stream) + Sse.End);
        }

        Assert.Equal(repeated ? HttpStatusCode.OK : HttpStatusCode.ServiceUnavailable, (await sent).StatusCode);
        Assert.False(asked.Engine.IsCalled);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task An_engine_that_refuses_a_large_request_in_its_middle_is_heard(bool leaves)
    {
        await using var gateway = await StartAsync();
        using var engine = new RawEngine(gateway);
        var large = Chat.Streamed.Replace("Hi", new string('x', 12_000_000));

        var sent = gateway.SendAsync(large);
        using var call = await engine.AcceptAsync();
        await call.Socket.ReceiveAsync(new byte[1000]);
        await call.SendAsync("HTTP/1.1 413 Too Large\r\nContent-Length: 39\r\n\r\n{\"error\":{\"message\":\"much too much.\"}} ");
        if (leaves)
            call.Socket.Shutdown(System.Net.Sockets.SocketShutdown.Send);

        var error = await (await sent).ErrorAsync();
        Assert.Equal((413, "much too much."), (error.Status, error.Message));
    }

    [Fact]
    public async Task An_engine_that_reads_slowly_gets_a_large_request_whole()
    {
        await using var gateway = await StartAsync();
        using var engine = new RawEngine(gateway);
        var large = Chat.Streamed.Replace("Hi", new string('x', 15_000_000));

        var sent = gateway.SendAsync(large);
        using var call = await engine.AcceptAsync();
        // Its socket is full long before; only then it begins to read.
        await Eventually.IsTrueAsync(() => call.Socket.Available > 100_000, "the request has begun");
        var request = await call.ReadRequestAsync();
        await call.SendAsync(Sse.Head + Sse.Chunk(Stream) + Sse.End);

        Assert.Contains(new string('x', 15_000_000), request);
        Assert.Equal(Stream, await (await sent).Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task Garbage_is_read_twice_and_remembered_once()
    {
        await using var asked = await AskAsync(Chat.CharacterStreamed);

        await asked.Call.SendAsync(Sse.Head + Sse.Chunk(Sse.Token("Hi")));
        using var response = await asked.Sent;
        await Eventually.IsTrueAsync(() => asked.Gateway.Loop().Relays == 1, "the loop carries the stream");
        await asked.Call.SendAsync(Sse.Chunk("data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\" there\"}}]\n\n"));
        await response.Content.ReadAsStringAsync();

        Assert.Equal("Hi", (await asked.Gateway.Memory.NextReplyAsync()).Reply.Content);
    }

    private static Task<GatewayUnderTest> StartAsync() => GatewayUnderTest.StartAsync(settings: ("Relay:Mode", RelayOptions.Linux));

    private static Task<AskedEngine> AskAsync(string body = Chat.Streamed) => AskedEngine.StartAsync(StartAsync(), body);

    private static async Task AnswerAsync(AskedEngine asked)
    {
        await asked.Call.SendAsync(Sse.Head + Sse.Chunk(Stream) + Sse.End);
        await asked.AnswerAsync();
    }
}
