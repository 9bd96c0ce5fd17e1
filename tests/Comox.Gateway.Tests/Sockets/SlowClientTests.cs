using System.Net.Sockets;
using Comox.Gateway.Forwarding;
using Comox.Gateway.Forwarding.Sockets;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Time.Testing;

namespace Comox.Gateway.Tests.Sockets;

/// <summary>Clients that take so little that an engine would work for them for ever.</summary>
public abstract class SlowClientTests(string relay) : BothRelays(relay)
{
    [Theory]
    [InlineData("/v1/chat/completions", 1)]
    [InlineData("/v1/chat/completions", 100)]
    [InlineData("/v1/messages", 1)]
    [InlineData("/v1/messages", 100)]
    public async Task A_client_that_takes_a_little_now_and_then_cannot_hold_an_engine_for_ever(string path, int bytes)
    {
        var time = new FakeTimeProvider();
        await using var gateway = await StartAsync(time: time, settings: [("SlowClientTimeout", "00:00:30"), ("TokenIdleTimeout", "20:00:00"), ("TotalTimeout", "20:00:00")]);
        using var engine = new RawEngine(gateway);
        using var client = await RawClient.ConnectAsync(gateway, receiveBuffer: 4096);
        await client.SendAsync(RawClient.Request(Chat.Streamed[..^1] + ""","max_tokens":9}""", path: path));
        using var call = await engine.AcceptAsync();
        await call.ReadRequestAsync();
        var flooding = FloodAsync(call.Socket);

        var (taken, buffer) = (0, new byte[bytes]);
        await Eventually.IsTrueAsync(
            async () =>
            {
                // An event a second of the clock, if anybody would take it.
                time.Advance(TimeSpan.FromSeconds(1));
                if (client.Socket.Available > 0)
                    taken += await client.Socket.ReceiveAsync(buffer);
                return flooding.IsCompleted;
            },
            "the engine is free");

        Assert.True(taken > 0);
        Assert.DoesNotContain(gateway.Log.Lines, line => line.Message.Contains("failed at", StringComparison.Ordinal));
    }

    // Ends when the gateway takes no more.
    private static async Task FloodAsync(Socket socket)
    {
        var events = System.Text.Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat(Sse.Chunk(Sse.Token(new string('x', 1000))), 16)));
        await socket.SendAsync(System.Text.Encoding.ASCII.GetBytes(Sse.Head));
        try
        {
            while (true)
            {
                for (var sent = 0; sent < events.Length;)
                    sent += await socket.SendAsync(events.AsMemory(sent));
            }
        }
        catch (SocketException)
        {
            // It is free.
        }
    }
}

public sealed class PortableSlowClientTests() : SlowClientTests(RelayOptions.Portable);

public sealed class LinuxSlowClientTests() : SlowClientTests(RelayOptions.Linux)
{
    private const int SO_SNDBUF = 7;

    [Fact]
    public async Task A_client_that_is_behind_when_the_answer_ends_has_the_time_it_was_promised()
    {
        // The server's own patience, shortened: it begins with the few bytes that the server itself writes behind what the loop has sent.
        await using var gateway = await StartAsync(
            change: builder => builder.WebHost.ConfigureKestrel(kestrel => kestrel.Limits.MinResponseDataRate = new MinDataRate(1000, TimeSpan.FromSeconds(1.01))), settings: ("SlowClientTimeout", "00:01:00"));
        using var engine = new RawEngine(gateway);
        using var client = await RawClient.ConnectAsync(gateway, receiveBuffer: 4096);
        await client.SendAsync(RawClient.Request(Chat.Streamed));
        using var call = await engine.AcceptAsync();
        await call.ReadRequestAsync();
        await call.SendAsync(Sse.Head + Sse.Chunk(Sse.Token("word")));
        await client.ReadUntilAsync("word");
        var loop = gateway.Loop();
        await Eventually.IsTrueAsync(() => loop.Relays == 1, "the loop carries the stream");
        Shrink(loop.Sockets.OfType<ClientSocket>().Single(socket => socket.Output.IsCarried));

        // In one packet, so that the loop has all of it before the client is in its way.
        await call.SendAsync(Sse.Chunk(string.Concat(Enumerable.Repeat(Sse.Token(new string('x', 1000)), 30)) + Sse.Finish + Sse.Done) + Sse.End);
        await Eventually.IsTrueAsync(() => loop.Relays == 0, "the loop has carried it");
        Assert.Contains(loop.Sockets.OfType<ClientSocket>(), socket => socket.Output.UnflushedBytes > 0);
        // The server looks at its clock once a second, and its clock is the machine's.
        await Task.Delay(TimeSpan.FromSeconds(3), TimeProvider.System);

        var answer = await client.ReadUntilAsync(Sse.Done + "\r\n" + Sse.End);
        Assert.Equal(30, answer.Split(new string('x', 1000)).Length - 1);
        await client.SendAsync(RawClient.Request(Chat.Streamed));
        Assert.NotNull(await call.ReadRequestAsync());
    }

    private static unsafe void Shrink(ClientSocket socket)
    {
        var size = 4096;
        Assert.Equal(0, Libc.setsockopt(socket.Descriptor, Libc.SOL_SOCKET, SO_SNDBUF, &size, sizeof(int)));
    }
}
