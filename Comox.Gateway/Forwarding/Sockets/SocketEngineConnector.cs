using System.Buffers;
using System.Collections.Concurrent;
using System.Net;
using System.Text;
using Microsoft.Extensions.Options;

namespace Comox.Gateway.Forwarding.Sockets;

/// <summary>
/// Requests to plain-HTTP backends over sockets of the loop that carries the client, with a pool of connections for each loop and address. HTTP/1.1
/// with a length, one request at a time on a connection.
/// </summary>
internal sealed class SocketEngineConnector(SocketLoops loops, HostAddresses hosts, IOptions<GatewayOptions> options, TimeProvider time) : IEngineConnector, IDisposable
{
    private const int SmallRequest = 16 * 1024;
    private const int HeadBuffer = 4096;
    private const int MaxHead = 64 * 1024;

    // A connection that its backend gave up while idle says so at once; what fails later was heard, and may have been worked on.
    private static readonly TimeSpan AtOnce = TimeSpan.FromSeconds(1);

    private readonly ConcurrentDictionary<(SocketLoop, IPEndPoint), IdleSockets> _idle = [];

    public DateTimeOffset UtcNow => time.GetUtcNow();

    public bool CanReach(Uri address) => loops.IsEnabled && address.Scheme == Uri.UriSchemeHttp;

    public async ValueTask<IEngineAnswer> SendAsync(EngineCall call, CancellationToken cancellation)
    {
        var loop = call.Loop ?? loops.Next();
        var endpoints = await hosts.FindAsync(call.Address, cancellation);
        foreach (var endpoint in endpoints)
        {
            if (PoolOf(loop, endpoint).Take() is not { } reused)
                continue;
            // The backend may have closed it this very moment; then nothing of the request was heard, and a new connection is no second attempt.
            if (await TryAsync(reused, call, cancellation) is { } answer)
                return answer;
        }

        var fresh = await ConnectAsync(loop, endpoints, cancellation);
        return await TryAsync(fresh, call, cancellation) ?? throw new IOException("The connection was closed without an answer.");
    }

    public void Dispose()
    {
        foreach (var idle in _idle.Values)
            idle.Dispose();
    }

    public void GiveBack(EngineSocket socket)
    {
        socket.IsReused = true;
        PoolOf(socket.Loop, socket.Address).Put(socket);
    }

    private IdleSockets PoolOf(SocketLoop loop, IPEndPoint endpoint) => _idle.GetOrAdd((loop, endpoint), static (_, time) => new IdleSockets(time), time);

    private async ValueTask<EngineSocket> ConnectAsync(SocketLoop loop, IReadOnlyList<IPEndPoint> endpoints, CancellationToken cancellation)
    {
        // A source with its own clock, because a timer that is past can still be about to cancel what has been disposed of.
        using var late = new CancellationTokenSource(options.Value.ConnectTimeout, time);
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellation, late.Token);
        for (var i = 0; ; i++)
        {
            try
            {
                return await EngineSocket.ConnectAsync(loop, endpoints[i], timeout.Token);
            }
            catch (IOException) when (i + 1 < endpoints.Count)
            {
                // A name can have several addresses, one of them of a family that this machine cannot reach.
            }
            catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
            {
                throw new IOException($"No connection within {options.Value.ConnectTimeout}.");
            }
        }
    }

    /// <returns>Null when a connection that was used before ended before the first byte of an answer.</returns>
    private async ValueTask<SocketAnswer?> TryAsync(EngineSocket socket, EngineCall call, CancellationToken cancellation)
    {
        byte[]? buffer = null;
        var length = 0;
        var heard = false;
        var started = time.GetTimestamp();
        socket.RunsOnLoop = call.RunsOnLoop;
        try
        {
            var isWhole = await SendRequestAsync(socket, call, cancellation);
            while (true)
            {
                // Nothing is rented while the engine thinks.
                await socket.WaitAsync(Libc.EPOLLIN, cancellation);
                buffer ??= ArrayPool<byte>.Shared.Rent(HeadBuffer);
                if (length == buffer.Length)
                    buffer = Grow(buffer);
                var received = socket.Receive(buffer.AsSpan(length));
                if (received == 0)
                    throw new IOException("The connection was closed without an answer.");
                if (received < 0)
                    continue;
                heard = true;
                length += received;
                while (EndOfHead(buffer.AsSpan(0, length)) is > 0 and var end)
                {
                    if (!AnswerHead.TryParse(buffer.AsSpan(0, end), out var head))
                        throw new IOException("The answer is no HTTP.");
                    if (head.Status >= 200)
                    {
                        if (end == length)
                        {
                            ArrayPool<byte>.Shared.Return(buffer);
                            buffer = null;
                        }

                        return new SocketAnswer(this, socket, head, buffer, end, length) { IsCutShort = !isWhole };
                    }

                    // 100 Continue, 103 Early Hints: the answer itself follows, or is here already.
                    buffer.AsSpan(end, length - end).CopyTo(buffer);
                    length -= end;
                }
            }
        }
        catch (Exception problem)
        {
            if (buffer is not null)
                ArrayPool<byte>.Shared.Return(buffer);
            socket.Close();
            if (problem is IOException && socket.IsReused && !heard && time.GetElapsedTime(started) < AtOnce)
                return null;
            throw;
        }
    }

    /// <returns>Whether the backend took all of it; if not, it has something to say.</returns>
    private static async ValueTask<bool> SendRequestAsync(EngineSocket socket, EngineCall call, CancellationToken cancellation)
    {
        var body = call.Length;
        var head = HeadOf(call, body);
        if (body > SmallRequest)
        {
            if (!await socket.SendAsync(head, cancellation))
                return false;
            foreach (var piece in call.Body)
            {
                if (!await socket.SendAsync(piece, cancellation))
                    return false;
            }

            return true;
        }

        // One packet, one call.
        var buffer = ArrayPool<byte>.Shared.Rent(head.Length + (int)body);
        try
        {
            head.CopyTo(buffer, 0);
            var end = head.Length;
            foreach (var piece in call.Body)
            {
                piece.CopyTo(buffer.AsMemory(end));
                end += piece.Length;
            }

            return await socket.SendAsync(buffer.AsMemory(0, end), cancellation);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private static byte[] HeadOf(EngineCall call, long length)
    {
        var head = new StringBuilder(256).Append("POST ").Append(call.Address.PathAndQuery).Append(" HTTP/1.1\r\nHost: ").Append(call.Address.Authority)
            .Append("\r\nContent-Type: application/json\r\nContent-Length: ").Append(length).Append("\r\n");
        foreach (var (name, value) in call.Headers)
            head.Append(name).Append(": ").Append(value).Append("\r\n");
        return Encoding.Latin1.GetBytes(head.Append("\r\n").ToString());
    }

    // Lines end with CRLF; some small servers send LF alone, and then the first blank line that ends with CRLF is one of the body.
    private static int EndOfHead(ReadOnlySpan<byte> bytes)
    {
        for (var at = 0; bytes[at..].IndexOf((byte)'\n') is >= 0 and var line;)
        {
            at += line + 1;
            var next = bytes[at..];
            if (next.StartsWith("\n"u8))
                return at + 1;
            if (next.StartsWith("\r\n"u8))
                return at + 2;
        }

        return 0;
    }

    private static byte[] Grow(byte[] buffer)
    {
        if (buffer.Length >= MaxHead)
            throw new IOException("The head of the answer does not end.");
        var larger = ArrayPool<byte>.Shared.Rent(buffer.Length * 2);
        buffer.CopyTo(larger, 0);
        ArrayPool<byte>.Shared.Return(buffer);
        return larger;
    }
}
