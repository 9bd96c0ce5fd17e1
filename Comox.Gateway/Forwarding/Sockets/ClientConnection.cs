using System.Globalization;
using System.IO.Pipelines;
using System.Net;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;

namespace Comox.Gateway.Forwarding.Sockets;

/// <summary>
/// A client's connection, for Kestrel. Kestrel reads and writes it as any other; in the middle of a streamed answer a <see cref="StreamRelay"/> writes to it
/// instead. Both write through <see cref="ClientOutput"/>, which is why their bytes stay in order.
/// </summary>
internal sealed class ClientConnection : DefaultConnectionContext
{
    // A number and no random id: that one is a system call for each connection.
    private static long _last;

    private readonly ClientSocket _socket;
    private readonly IDuplexPipe _own;

    public ClientConnection(SocketLoop loop, int descriptor, EndPoint? local, EndPoint? remote)
        : base(string.Create(CultureInfo.InvariantCulture, $"{Environment.ProcessId:x}-{Interlocked.Increment(ref _last):x}"))
    {
        var input = new Pipe(new PipeOptions(BlockPool.Instance, readerScheduler: PipeScheduler.ThreadPool, writerScheduler: PipeScheduler.Inline, useSynchronizationContext: false));
        _socket = new ClientSocket(loop, descriptor, input.Writer);
        Output = new ClientOutput(_socket);
        _socket.Output = Output;
        (LocalEndPoint, RemoteEndPoint) = (local, remote);
        Transport = _own = new Duplex(input.Reader, Output);
        ConnectionClosed = _socket.Closed;
        Features.Set(this);
        Features.Set<IMemoryPoolFeature>(BlockPool.Instance);
    }

    public ClientOutput Output { get; }

    /// <summary>Whether nothing stands between Kestrel and the socket (TLS, a log of the connection), so that raw bytes may be written to it.</summary>
    public bool IsBare => ReferenceEquals(Transport, _own);

    public SocketLoop Loop => _socket.Loop;

    public void Start() => _socket.Start();

    public override void Abort(ConnectionAbortedException abortReason) => _socket.Shut();

    public override ValueTask DisposeAsync()
    {
        End();
        return ValueTask.CompletedTask;
    }

    public void End()
    {
        _own.Input.Complete();
        Output.Complete();
        _socket.Shut();
        _socket.Loop.Post(_socket.End);
    }

    private sealed record Duplex(PipeReader Input, PipeWriter Output) : IDuplexPipe;
}
