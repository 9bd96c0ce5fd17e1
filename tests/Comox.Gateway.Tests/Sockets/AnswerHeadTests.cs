using System.Text;
using Comox.Gateway.Forwarding.Sockets;
using FsCheck;
using FsCheck.Fluent;

namespace Comox.Gateway.Tests.Sockets;

public sealed class AnswerHeadTests
{
    [Fact]
    public void A_head_tells_what_a_relay_must_know()
    {
        var head = Parse("HTTP/1.1 503 Busy\r\nContent-Type: application/json; charset=utf-8\r\nRETRY-AFTER:  7\r\nContent-Length:\t12 \r\nconnection: Keep-Alive, Close\r\n\r\n");

        Assert.Equal((503, "application/json; charset=utf-8", "7", 12L, true, false), (head!.Value.Status, head.Value.MediaType, head.Value.RetryAfter, head.Value.Length, head.Value.Closes, head.Value.IsChunked));
    }

    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\n\r\n", false)]
    [InlineData("HTTP/1.1 200\r\n\r\n", false)]
    [InlineData("HTTP/1.1 200 OK\nTransfer-Encoding: gzip , Chunked\n\n", false)]
    [InlineData("HTTP/1.0 200 OK\r\n\r\n", true)]
    [InlineData("HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n\r\n", false)]
    [InlineData("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n", true)]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\n", false)]
    public void It_tells_whether_the_connection_outlives_the_answer(string head, bool closes) => Assert.Equal(closes, Parse(head)!.Value.Closes);

    [Fact]
    public void Chunked_is_heard_in_any_spelling() => Assert.True(Parse("HTTP/1.1 200 OK\nTransfer-Encoding: gzip ,\tChunked\n\n")!.Value.IsChunked);

    [Theory]
    [InlineData("")]
    [InlineData("HTTP/2 200 OK\r\n\r\n")]
    [InlineData("HTTP/1.1 +20 OK\r\n\r\n")]
    [InlineData("HTTP/1.1 2000 OK\r\n\r\n")]
    [InlineData("HTTP/1.1 099 Odd\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nno colon\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\n: no name\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 12abc\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n")]
    public void What_leaves_the_end_of_the_body_unsure_is_refused(string head) => Assert.Null(Parse(head));

    [Fact]
    public void No_bytes_whatever_make_it_throw()
    {
        var heads = Gen.Elements("HTTP/1.1 200 OK", "HTTP/1.", " ", "\r\n", "\n", "\r", ":", "Content-Length", "7", "Transfer-Encoding", "chunked", ",", "Connection", "close", "\0", "é").ListOf().Select(string.Concat);
        Prop.ForAll(heads.ToArbitrary(), head => Parse(head) is null or { Status: >= 100 and < 1000 })
            .Check(Config.QuickThrowOnFailure.WithMaxTest(2000).WithQuietOnSuccess(true));
    }

    private static AnswerHead? Parse(string head) => AnswerHead.TryParse(Encoding.Latin1.GetBytes(head), out var answer) ? answer : null;
}
