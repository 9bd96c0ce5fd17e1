using System.Net;
using System.Net.Sockets;
using System.Text;
using Comox.Gateway.Backends;
using Comox.Gateway.Forwarding;
using Comox.Gateway.Tests.Sockets;
using Comox.ServiceDefaults.Contracts.OpenAI;

namespace Comox.Gateway.Tests.Pains;

/// <summary>Pain 2: an engine that floods and never ends what it says. It is given up with little of it taken, and less of it kept.</summary>
[Collection(AloneCollection.Name)]
public sealed class FloodTests
{
    private const int Limit = 1024 * 1024;

    // The limit itself, and what the system buffers on the way.
    private const long MostTaken = 16 * Limit;
    private const long MostAllocated = 16 * Limit;
    private const long Offered = 64 * Limit;

    private const string MessageBegins =
        "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"id\":\"msg_1\",\"model\":\"m\",\"usage\":{\"input_tokens\":3,\"output_tokens\":1}}}\n\n"
        + "event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"text\",\"text\":\"\"}}\n\n"
        + "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"Hello\"}}\n\n";

    public static TheoryData<string, string, string, bool, bool> Cases()
    {
        var cases = new TheoryData<string, string, string, bool, bool>();
        foreach (var relay in (string[])[RelayOptions.Portable, RelayOptions.Auto])
        {
            foreach (var kind in (string[])[BackendKinds.VLlm, BackendKinds.LlamaCpp, BackendKinds.Anthropic])
            {
                foreach (var flood in (string[])["data: xxxxxxxxxxxxxxxx", "data: x\n"])
                {
                    cases.Add(relay, kind, flood, true, true);
                    cases.Add(relay, kind, flood, true, false);
                    cases.Add(relay, kind, flood, false, true);
                }
            }
        }

        return cases;
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task An_event_without_an_end_is_given_up(string relay, string kind, string flood, bool stream, bool spoken)
    {
        using var engine = new Flood(flood, spoken ? kind == BackendKinds.Anthropic ? MessageBegins : Sse.Token("Hello") : "");
        await using var routed = await RoutedGateway.StartAsync(null, [("Relay:Mode", relay), ("MaxEventBytes", $"{Limit}"), ("MaxAnswerBytes", $"{Limit}")], new At("a", kind) { Url = engine.Url });
        // The first one compiles the code, and rents what is pooled afterwards.
        await AskAsync();
        var before = GC.GetTotalAllocatedBytes();

        var (status, text) = await AskAsync();

        Assert.Contains($"\"{ErrorCodes.UpstreamError}\"", text);
        Assert.Contains(kind == BackendKinds.VLlm && !stream ? "MaxAnswerBytes" : "MaxEventBytes", text);
        Assert.Equal(stream && spoken ? 200 : 502, status);
        if (stream && spoken)
            Assert.Equal("Hello", Chat.TextOf(Chat.Events(text)));
        var taken = await engine.TakenAsync();
        Assert.True(taken < MostTaken, $"{taken} bytes were taken.");
        var allocated = GC.GetTotalAllocatedBytes() - before;
        Assert.True(allocated < MostAllocated, $"{allocated} bytes were allocated.");
        await routed.IsIdleAsync();

        async Task<(int Status, string Text)> AskAsync()
        {
            using var response = await routed.SendAsync(RoutedGateway.Body(stream));
            return ((int)response.StatusCode, await response.Content.ReadAsStringAsync());
        }
    }

    [Theory]
    [InlineData(BackendKinds.LlamaCpp)]
    [InlineData(BackendKinds.Anthropic)]
    public async Task A_whole_answer_that_is_made_of_tokens_without_end_is_given_up(string kind)
    {
        const string Delta = "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"x\"}}\n\n";
        using var engine = new Flood(kind == BackendKinds.Anthropic ? Delta : Sse.Token("x"), kind == BackendKinds.Anthropic ? MessageBegins : "");
        await using var routed = await RoutedGateway.StartAsync(null, [("MaxAnswerBytes", $"{Limit}")], new At("a", kind) { Url = engine.Url });
        using var response = await routed.SendAsync(RoutedGateway.Body(false));
        Assert.Equal(502, (int)response.StatusCode);
        Assert.Contains("MaxAnswerBytes", await response.Content.ReadAsStringAsync());
        var taken = await engine.TakenAsync();
        Assert.True(taken < MostTaken, $"{taken} bytes were taken.");
        await routed.IsIdleAsync();
    }

    /// <summary>Answers every request with the same words and then one piece after the other, for as long as somebody takes them.</summary>
    private sealed class Flood : IDisposable
    {
        private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
        private readonly byte[] _head;
        private readonly byte[] _piece;
        private volatile Task<long> _last = Task.FromResult(0L);

        public Flood(string flood, string begins)
        {
            _head = Encoding.UTF8.GetBytes("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n" + begins + flood);
            // A line that ends is repeated, one that does not goes on.
            _piece = Encoding.UTF8.GetBytes(flood[^1] == '\n' ? string.Concat(Enumerable.Repeat(flood, 8 * 1024)) : new string('x', 64 * 1024));
            _listener.Start();
            _ = AcceptAsync();
        }

        public string Url => $"http://{_listener.LocalEndpoint}/v1";

        /// <summary>Bytes that were taken of the last answer, by the gateway or the system.</summary>
        public Task<long> TakenAsync() => _last.WaitAsync(TimeSpan.FromMinutes(1));

        public void Dispose() => _listener.Dispose();

        private async Task AcceptAsync()
        {
            try
            {
                while (true)
                    _last = ServeAsync(await _listener.AcceptSocketAsync());
            }
            catch (Exception over) when (over is SocketException or ObjectDisposedException)
            {
                // The test is over.
            }
        }

        private async Task<long> ServeAsync(Socket socket)
        {
            using var connection = socket;
            var taken = 0L;
            try
            {
                await socket.ReceiveAsync(new byte[16 * 1024]);
                taken += await socket.SendAsync(_head);
                while (taken < Offered)
                    taken += await socket.SendAsync(_piece);
            }
            catch (SocketException)
            {
                // Nobody takes any more.
            }

            return taken;
        }
    }
}
