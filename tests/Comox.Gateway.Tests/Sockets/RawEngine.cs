using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Comox.Gateway.Forwarding.Sockets;
using Microsoft.Extensions.DependencyInjection;

namespace Comox.Gateway.Tests.Sockets;

/// <summary>An engine that answers with the very bytes of a test, packet by packet. The gateway believes it to be its node.</summary>
internal sealed class RawEngine : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly SocketLoop? _loop;

    /// <param name="gateway">Whose only node it becomes.</param>
    public RawEngine(GatewayUnderTest gateway)
    {
        _listener.Start();
        var loops = gateway.Service.Services.GetRequiredService<SocketLoops>();
        _loop = loops.IsEnabled ? loops.Next() : null;
        gateway.MoveNode(new Uri($"http://{_listener.LocalEndpoint}"));
    }

    /// <summary>Whether a connection waits to be taken.</summary>
    public bool IsCalled => _listener.Pending();

    public async Task<RawCall> AcceptAsync()
    {
        var socket = await _listener.AcceptSocketAsync().WaitAsync(TimeSpan.FromMinutes(1));
        socket.NoDelay = true;
        return new RawCall(socket, _loop);
    }

    public void Dispose() => _listener.Dispose();
}

/// <summary>One connection of the gateway to a <see cref="RawEngine"/>.</summary>
internal sealed class RawCall(Socket socket, SocketLoop? loop) : IDisposable
{
    public Socket Socket => socket;

    /// <summary>Head and body of the next request; null where the gateway has closed the connection.</summary>
    public async Task<string?> ReadRequestAsync()
    {
        var bytes = new MemoryStream();
        var buffer = new byte[64 * 1024];
        while (true)
        {
            var text = Encoding.Latin1.GetString(bytes.GetBuffer(), 0, (int)bytes.Length);
            if (text.IndexOf("\r\n\r\n", StringComparison.Ordinal) is > 0 and var head && text.Length >= head + 4 + LengthIn(text))
                return text;
            var read = await socket.ReceiveAsync(buffer).WaitAsync(TimeSpan.FromMinutes(1));
            if (read == 0)
                return null;
            bytes.Write(buffer, 0, read);
        }
    }

    public Task SendAsync(string text) => SendAsync(Encoding.UTF8.GetBytes(text));

    /// <summary>Sends, and waits until the gateway's loop has read it: what is sent next comes in another packet.</summary>
    public async Task SendAsync(ReadOnlyMemory<byte> packet)
    {
        while (!packet.IsEmpty)
            packet = packet[await socket.SendAsync(packet)..];
        if (loop is not null)
            await loop.TurnAsync();
    }

    /// <summary>Waits until the gateway has let go of the connection.</summary>
    public async Task<bool> IsClosedAsync()
    {
        try
        {
            return await socket.ReceiveAsync(new byte[1]).WaitAsync(TimeSpan.FromMinutes(1)) == 0;
        }
        catch (SocketException)
        {
            return true;
        }
    }

    /// <summary>Ends with a reset.</summary>
    public void Reset() => socket.Close(0);

    public void Dispose() => socket.Dispose();

    private static int LengthIn(string head)
    {
        const string Name = "Content-Length: ";
        var at = head.IndexOf(Name, StringComparison.Ordinal);
        return at < 0 ? 0 : int.Parse(head.AsSpan(at + Name.Length, head.IndexOf('\r', at) - at - Name.Length), NumberStyles.None, CultureInfo.InvariantCulture);
    }
}

/// <summary>Waits for a loop.</summary>
internal static class Turn
{
    /// <summary>Everything that had arrived before the call has been handled when it returns: commands are run behind the events of a turn.</summary>
    public static async Task TurnAsync(this SocketLoop loop)
    {
        var turned = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        loop.Post(turned.SetResult);
        await turned.Task;
    }
}

/// <summary>Events of an engine.</summary>
internal static class Sse
{
    public const string Head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";
    public const string End = "0\r\n\r\n";

    public static string Token(string text) => $$$"""data: {"choices":[{"index":0,"delta":{"content":"{{{text}}}"},"finish_reason":null}]}""" + "\n\n";

    public const string Finish = """data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}""" + "\n\n";
    public const string Done = "data: [DONE]\n\n";

    public static string Chunk(string body) => Encoding.UTF8.GetByteCount(body).ToString("x", CultureInfo.InvariantCulture) + "\r\n" + body + "\r\n";
}
