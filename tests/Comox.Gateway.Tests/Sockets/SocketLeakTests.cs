using Comox.FakeBackend;
using Comox.Gateway.Forwarding;
using Comox.Gateway.Forwarding.Sockets;

namespace Comox.Gateway.Tests.Sockets;

/// <summary>Whatever way a stream ends, its sockets and its place in the loop are given back.</summary>
[Collection(AloneCollection.Name)]
public sealed class SocketLeakTests
{
    private static readonly FakeScript[] Scripts =
    [
        new() { Tokens = ["done"] },
        new() { DropBeforeHeaders = true },
        new() { ResetBeforeHeaders = true },
        new() { FailWithStatus = 500 },
        new() { DropAfter = 3 },
        new() { ResetAfter = 3 },
        new() { ErrorAfter = 3 },
        new() { GarbageAfter = 3 },
        new() { HangAfter = 0 },
        new() { HangAfter = 3 },
        new() { OmitDone = true, HangAtEnd = true },
        new() { Tokens = [.. Enumerable.Repeat(new string('x', 500), 2000)] },
    ];

    [Fact]
    public async Task Hundreds_of_streams_that_end_in_every_way_leave_nothing_behind() => Assert.Empty((await RunAsync()).Sockets);

    // The loop of a gateway that has ended by then.
    private static async Task<SocketLoop> RunAsync()
    {
        await using var gateway = await GatewayUnderTest.StartAsync(settings:
        [
            ("Relay:Mode", RelayOptions.Linux), ("FirstTokenTimeout", "00:00:00.300"), ("TokenIdleTimeout", "00:00:00.300"), ("EndOfStreamTimeout", "00:00:00.300"),
            ("SlowClientTimeout", "00:00:00.300"),
        ]);
        var turn = 0;
        gateway.Node.Choose = _ => Scripts[Interlocked.Increment(ref turn) % Scripts.Length];
        var loop = gateway.Loop();

        for (var round = 0; round < 8; round++)
            await Task.WhenAll(Enumerable.Range(0, 60).Select(number => StreamAsync(gateway, leaves: number % 5)));

        await Eventually.IsTrueAsync(() => loop.Relays == 0, "no stream is carried");
        await Eventually.IsTrueAsync(() => !loop.Sockets.OfType<ClientSocket>().Any(), "no client is connected");
        await Eventually.IsTrueAsync(() => gateway.Node.InFlight == 0, "the engine works for nobody");
        // What is left waits for the next request, and every descriptor of it is open and known once.
        var kept = loop.Sockets;
        Assert.InRange(kept.OfType<EngineSocket>().Count(), 0, 61);
        Assert.All(kept.OfType<EngineSocket>(), socket => Assert.True(socket.IsQuiet()));
        Assert.Equal(kept.Count, kept.Select(socket => socket.Descriptor).Distinct().Count());
        Assert.All(kept, socket => Assert.StartsWith("socket:", new FileInfo($"/proc/self/fd/{socket.Descriptor}").LinkTarget, StringComparison.Ordinal));
        Assert.DoesNotContain(gateway.Log.Lines, line => line.Message.Contains("crash", StringComparison.OrdinalIgnoreCase));

        // Nor has the system any other: the node's events are the one connection that the portable way has to it.
        await Eventually.IsTrueAsync(() => Open(gateway.Service.Address.Port, remote: false) == 0, "no client's descriptor is open");
        Assert.InRange(Open(gateway.Node.Address.Port, remote: true), kept.OfType<EngineSocket>().Count(), kept.OfType<EngineSocket>().Count() + 2);
        return loop;
    }

    // Descriptors with a connection of that port, whether or not its other end has closed: "sl local_address rem_address st …", 01 established, 08 closed by the other.
    private static int Open(int port, bool remote) => File.ReadLines("/proc/net/tcp").Skip(1)
        .Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        .Count(entry => entry[remote ? 2 : 1].EndsWith($":{port:X4}", StringComparison.Ordinal) && entry[3] is "01" or "08");

    // 0 to 1: reads all; 2: leaves before the answer; 3: leaves in its middle with a reset; 4: reads nothing and leaves.
    private static async Task StreamAsync(GatewayUnderTest gateway, int leaves)
    {
        using var client = await RawClient.ConnectAsync(gateway, receiveBuffer: 4096);
        await client.SendAsync(RawClient.Request(Chat.Streamed, more: "Connection: close\r\n"));
        switch (leaves)
        {
            case < 2:
                await client.ReadToEndAsync();
                break;
            case 2:
                client.Reset();
                break;
            case 3:
                await client.Socket.ReceiveAsync(new byte[10]);
                client.Reset();
                break;
            default:
                await Eventually.IsTrueAsync(() => client.Socket.Available > 0, "an answer has come");
                break;
        }
    }
}
