using System.Net;
using System.Net.Sockets;
using System.Text;
using Comox.Gateway.Forwarding.Sockets;
using Microsoft.Extensions.DependencyInjection;

namespace Comox.Gateway.Tests.Sockets;

/// <summary>A client that says exactly what a test says, and reads when it is told to.</summary>
internal sealed class RawClient : IDisposable
{
    private static readonly TimeSpan Bound = TimeSpan.FromMinutes(1);

    public Socket Socket { get; } = new(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };

    public static async Task<RawClient> ConnectAsync(GatewayUnderTest gateway, int? receiveBuffer = null)
    {
        var client = new RawClient();
        if (receiveBuffer is { } size)
            client.Socket.ReceiveBufferSize = size;
        await client.Socket.ConnectAsync(IPEndPoint.Parse(gateway.Service.Address.Authority));
        return client;
    }

    /// <summary>A chat request.</summary>
    public static string Request(string body, string version = "1.1", string more = "", string path = "/v1/chat/completions") =>
        $"POST {path} HTTP/{version}\r\nHost: x\r\nAuthorization: Bearer {TestService.AdminKey}\r\nContent-Type: application/json\r\n{more}Content-Length: {Encoding.UTF8.GetByteCount(body)}\r\n\r\n{body}";

    public async Task SendAsync(string text)
    {
        ReadOnlyMemory<byte> bytes = Encoding.UTF8.GetBytes(text);
        while (!bytes.IsEmpty)
            bytes = bytes[await Socket.SendAsync(bytes)..];
    }

    /// <summary>Reads until the text has come so often; what is behind it may have come too.</summary>
    public async Task<string> ReadUntilAsync(string end, int times = 1)
    {
        var text = new StringBuilder();
        var buffer = new byte[64 * 1024];
        // What may hold the beginning of the next end: answers of megabytes come in a thousand pieces, and are searched once.
        var tail = "";
        while (times > 0)
        {
            var read = await Socket.ReceiveAsync(buffer).WaitAsync(Bound);
            if (read == 0)
                throw new IOException($"Closed after: {text}");
            var piece = Encoding.Latin1.GetString(buffer, 0, read);
            text.Append(piece);
            tail += piece;
            for (int at; times > 0 && (at = tail.IndexOf(end, StringComparison.Ordinal)) >= 0; times--)
                tail = tail[(at + end.Length)..];
            tail = tail[^Math.Min(tail.Length, end.Length - 1)..];
        }

        return text.ToString();
    }

    /// <summary>Reads until the gateway closes.</summary>
    public async Task<string> ReadToEndAsync()
    {
        var text = new StringBuilder();
        var buffer = new byte[64 * 1024];
        while (await Socket.ReceiveAsync(buffer).WaitAsync(Bound) is var read and > 0)
            text.Append(Encoding.Latin1.GetString(buffer, 0, read));
        return text.ToString();
    }

    /// <summary>Leaves with a reset.</summary>
    public void Reset() => Socket.Close(0);

    public void Dispose() => Socket.Dispose();
}

/// <summary>What a loop holds.</summary>
internal static class LoopUnderTest
{
    public static SocketLoop Loop(this GatewayUnderTest gateway) => gateway.Service.Services.GetRequiredService<SocketLoops>().Next();
}
