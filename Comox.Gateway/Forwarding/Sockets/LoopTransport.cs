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
            return new(new Listener(Open(endpoint), loops));
        }
        catch (SocketException taken) when (taken.SocketErrorCode == SocketError.AddressAlreadyInUse)
        {
            throw new AddressInUseException(taken.Message, taken);
        }
    }

    private static Socket Open(EndPoint endpoint)
    {
        var socket = SocketTransportOptions.CreateDefaultBoundListenSocket(endpoint);
        try
        {
            socket.Listen(512);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
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

        public async ValueTask UnbindAsync(CancellationToken cancellationToken = default)
        {
            if (!_accepted.Writer.TryComplete())
                return;
            // On the loop, because it may be accepting this moment, from a descriptor that would be somebody else's.
            var stopped = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _watched.Loop.Post(() =>
            {
                _watched.Loop.Forget(_watched);
                _socket.Dispose();
                stopped.SetResult();
            });
            await stopped.Task;
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

        // Who listens on every address is reached on one of them.
        private readonly bool _isWildcard = local is IPEndPoint { Address: var address } && (address.Equals(IPAddress.Any) || address.Equals(IPAddress.IPv6Any));

        public void Start()
        {
            _ = Libc.fcntl(Descriptor, Libc.F_SETFL, Libc.fcntl(Descriptor, Libc.F_GETFL, 0) | Libc.O_NONBLOCK);
            Loop.Add(this, Libc.EPOLLIN);
        }

        // Who stops the listener disposes of its socket; after a bug, nobody is accepted for a moment.
        public override void OnLost() => Pause();

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
                var remote = EndPointOf(new ReadOnlySpan<byte>(address, (int)length));
                if (!TryStart(new ClientConnection(loops.Next(), client, _isWildcard ? LocalOf(client) : local, remote)))
                {
                    Pause();
                    return;
                }
            }
        }

        private bool TryStart(ClientConnection connection)
        {
            try
            {
                connection.Start();
            }
            catch (IOException)
            {
                // The system can watch no more of them.
                connection.End();
                return false;
            }

            if (!accepted.TryWrite(connection))
                connection.End();
            return true;
        }

        private unsafe EndPoint LocalOf(int client)
        {
            var address = stackalloc byte[AddressSize];
            uint length = AddressSize;
            return Libc.getsockname(client, address, &length) == 0 ? EndPointOf(new ReadOnlySpan<byte>(address, (int)length)) : local;
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
