using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Net.Sockets;
using System.Threading.Channels;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;

namespace Comox.Gateway.Forwarding.Sockets;

/// <summary>Gives Kestrel connections that live on our own socket loops. Used on Linux for TCP; every other endpoint stays with Kestrel's own transport.</summary>
internal sealed class LoopTransport(SocketLoops loops) : IConnectionListenerFactory, IConnectionListenerFactorySelector
{
    public bool CanBind(EndPoint endpoint) => loops.IsEnabled && endpoint is IPEndPoint;

    public ValueTask<IConnectionListener> BindAsync(EndPoint endpoint, CancellationToken cancellationToken = default)
    {
        try
        {
            var socket = SocketTransportOptions.CreateDefaultBoundListenSocket(endpoint);
            socket.Listen(512);
            return new(new Listener(socket, loops));
        }
        catch (SocketException taken) when (taken.SocketErrorCode == SocketError.AddressAlreadyInUse)
        {
            throw new AddressInUseException(taken.Message, taken);
        }
    }

    private sealed class Listener : IConnectionListener
    {
        private readonly Channel<ConnectionContext> _accepted = Channel.CreateUnbounded<ConnectionContext>(new() { SingleReader = true });
        private readonly Socket _socket;
        private readonly ListenSocket _watched;

        public Listener(Socket socket, SocketLoops loops)
        {
            _socket = socket;
            EndPoint = socket.LocalEndPoint!;
            _watched = new ListenSocket(loops, (int)socket.Handle, EndPoint, _accepted.Writer);
            _watched.Start();
        }

        public EndPoint EndPoint { get; }

        public async ValueTask<ConnectionContext?> AcceptAsync(CancellationToken cancellationToken = default)
        {
            while (await _accepted.Reader.WaitToReadAsync(cancellationToken))
            {
                if (_accepted.Reader.TryRead(out var connection))
                    return connection;
            }

            return null;
        }

        public ValueTask UnbindAsync(CancellationToken cancellationToken = default)
        {
            if (_accepted.Writer.TryComplete())
            {
                _watched.Stop();
                _socket.Dispose();
            }

            return ValueTask.CompletedTask;
        }

        public async ValueTask DisposeAsync()
        {
            await UnbindAsync();
            // What was accepted and never asked for.
            while (_accepted.Reader.TryRead(out var connection))
                await connection.DisposeAsync();
        }
    }

    [SuppressMessage("Reliability", "CA2000", Justification = "Kestrel disposes the connections it accepts.")]
    private sealed class ListenSocket(SocketLoops loops, int descriptor, EndPoint local, ChannelWriter<ConnectionContext> accepted)
        : LoopSocket(loops.Next(), descriptor)
    {
        private const int AtOnce = 64;
        private const int AddressSize = 128; // struct sockaddr_storage

        public void Start()
        {
            _ = Libc.fcntl(Descriptor, Libc.F_SETFL, Libc.fcntl(Descriptor, Libc.F_GETFL, 0) | Libc.O_NONBLOCK);
            Loop.Add(this, Libc.EPOLLIN);
        }

        public void Stop() => Loop.Forget(this);

        public override unsafe void OnReady(uint events)
        {
            var address = stackalloc byte[AddressSize];
            for (var i = 0; i < AtOnce; i++)
            {
                uint length = AddressSize;
                var client = Libc.accept4(Descriptor, address, &length, Libc.SOCK_NONBLOCK | Libc.SOCK_CLOEXEC);
                if (client < 0)
                {
                    if (Libc.Errno is not (Libc.EAGAIN or Libc.EINTR or Libc.ECONNABORTED))
                        Pause();
                    return;
                }

                var one = 1;
                _ = Libc.setsockopt(client, Libc.IPPROTO_TCP, Libc.TCP_NODELAY, &one, sizeof(int));
                var connection = new ClientConnection(loops.Next(), client, local, EndPointOf(new ReadOnlySpan<byte>(address, (int)length)));
                connection.Start();
                if (!accepted.TryWrite(connection))
                    connection.End();
            }
        }

        // No descriptor is left. Those who wait stay in the kernel's queue, which would report them again and again without a pause.
        private void Pause()
        {
            Loop.Watch(this, 0);
            _ = ResumeAsync();
        }

        private async Task ResumeAsync()
        {
            await Task.Delay(loops.AcceptPause, loops.Time);
            Loop.Watch(this, Libc.EPOLLIN);
        }

        private static EndPoint EndPointOf(ReadOnlySpan<byte> address)
        {
            var family = BitConverter.ToUInt16(address) == Libc.AF_INET ? AddressFamily.InterNetwork : AddressFamily.InterNetworkV6;
            var native = new SocketAddress(family, address.Length);
            address.CopyTo(native.Buffer.Span);
            return new IPEndPoint(family == AddressFamily.InterNetwork ? IPAddress.Any : IPAddress.IPv6Any, 0).Create(native);
        }
    }
}
