using Comox.Gateway.Forwarding.Sockets;

namespace Comox.Gateway.Forwarding;

/// <summary>Chooses the way to a backend: the socket loops where they can reach it, else the portable one.</summary>
internal sealed class EngineConnectors(SocketEngineConnector sockets, HttpEngineConnector portable)
{
    public ValueTask<IEngineAnswer> SendAsync(EngineCall call, CancellationToken cancellation) =>
        sockets.CanReach(call.Address) ? sockets.SendAsync(call, cancellation) : portable.SendAsync(call, cancellation);
}
