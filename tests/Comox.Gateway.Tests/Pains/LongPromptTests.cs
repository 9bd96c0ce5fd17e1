using System.Buffers.Text;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Comox.Gateway.Forwarding;
using Comox.Gateway.Tests.Sockets;
using Microsoft.Extensions.Logging;

namespace Comox.Gateway.Tests.Pains;

/// <summary>Pain 18: a proxy that melts on long prompts, because it parses or copies what it only has to pass on.</summary>
public abstract class LongPromptTests(string relay) : BothRelays(relay)
{
    private const int Size = 256 * 1024;
    private const int Requests = 100;

    // One copy of the body would cost 256 KiB, as a string 512, as a tree of objects more than either.
    private const int MostPerRequest = 64 * 1024;

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_long_prompt_is_passed_on_without_being_copied_or_taken_apart(bool stream)
    {
        // A process that writes logs allocates for them.
        await using var gateway = await StartAsync(change: builder => builder.Logging.SetMinimumLevel(LogLevel.None));
        using var engine = new FrugalEngine();
        gateway.MoveNode(engine.Address);
        using var client = await RawClient.ConnectAsync(gateway);
        var request = Encoding.UTF8.GetBytes(RawClient.Request(BodyOf(stream)));
        var buffer = new byte[4096];

        // What is pooled is pooled by then, and the code is compiled.
        await AskAsync(20);
        var before = GC.GetTotalAllocatedBytes(precise: true);
        await AskAsync(Requests);
        var each = (GC.GetTotalAllocatedBytes(precise: true) - before) / Requests;

        Assert.Equal(Requests + 20, engine.Answered);
        Assert.True(each < MostPerRequest, $"{each} bytes were allocated for each request of {request.Length} bytes.");

        async Task AskAsync(int times)
        {
            for (var i = 0; i < times; i++)
            {
                for (var sent = 0; sent < request.Length;)
                    sent += await client.Socket.SendAsync(request.AsMemory(sent));
                var read = 0;
                while (!buffer.AsSpan(0, read).EndsWith("}"u8) && !buffer.AsSpan(0, read).EndsWith("0\r\n\r\n"u8))
                {
                    var received = await client.Socket.ReceiveAsync(buffer.AsMemory(read));
                    Assert.NotEqual(0, received);
                    read += received;
                }

                Assert.True(buffer.AsSpan(0, read).StartsWith("HTTP/1.1 200 OK"u8));
            }
        }
    }

    // A thousand turns: an object for each would be seen.
    private static string BodyOf(bool stream)
    {
        var turns = Enumerable.Range(0, 1000).Select(turn => $$"""{"role":"{{(turn % 2 == 0 ? "user" : "assistant")}}","content":"{{turn}} {{new string('x', Size / 1000 - 40)}}"}""");
        return $$"""{"model":"fake-model","max_tokens":9,"stream":{{(stream ? "true" : "false")}},"messages":[{{string.Join(',', turns)}}]}""";
    }

    /// <summary>Takes requests of any length and answers all of them alike, without allocating: in one process, what it did would count.</summary>
    private sealed class FrugalEngine : IDisposable
    {
        private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
        // Whatever a client asks for, this kind of engine is asked for a stream.
        private readonly byte[] _answer = Encoding.UTF8.GetBytes(Sse.Head + Sse.Chunk(Sse.Token("Hi") + Sse.Finish + Sse.Done) + Sse.End);
        private int _answered;

        public FrugalEngine()
        {
            _listener.Start();
            _ = AcceptAsync();
        }

        public Uri Address => new($"http://{_listener.LocalEndpoint}");

        public int Answered => Volatile.Read(ref _answered);

        public void Dispose() => _listener.Dispose();

        private async Task AcceptAsync()
        {
            try
            {
                while (true)
                    _ = ServeAsync(await _listener.AcceptSocketAsync());
            }
            catch (Exception over) when (over is SocketException or ObjectDisposedException)
            {
                // The test is over.
            }
        }

        private async Task ServeAsync(Socket socket)
        {
            using var _ = socket;
            socket.NoDelay = true;
            var buffer = new byte[2 * Size];
            var read = 0;
            while (await socket.ReceiveAsync(buffer.AsMemory(read)) is > 0 and var received)
            {
                read += received;
                if (read < LengthOf(buffer.AsSpan(0, read)))
                    continue;
                read = 0;
                await socket.SendAsync(_answer);
                Interlocked.Increment(ref _answered);
            }
        }

        // Of head and body together; more than anything while the head is not whole.
        private static int LengthOf(ReadOnlySpan<byte> request)
        {
            var head = request.IndexOf("\r\n\r\n"u8);
            var length = request.IndexOf("Content-Length: "u8);
            return head > 0 && length > 0 && Utf8Parser.TryParse(request[(length + "Content-Length: ".Length)..], out int body, out int _) ? head + 4 + body : int.MaxValue;
        }
    }
}

[Collection(AloneCollection.Name)]
public sealed class PortableLongPromptTests() : LongPromptTests(RelayOptions.Portable);

[Collection(AloneCollection.Name)]
public sealed class LinuxLongPromptTests() : LongPromptTests(RelayOptions.Linux);
