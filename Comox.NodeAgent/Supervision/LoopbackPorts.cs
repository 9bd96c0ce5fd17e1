using System.Net;
using System.Net.Sockets;

namespace Comox.NodeAgent.Supervision;

/// <summary>Ports of 127.0.0.1.</summary>
internal interface ILoopbackPorts
{
    /// <summary>One that is free now, and perhaps taken a moment later; then the engine exits, and its restart gets another one. Null: none is to be had.</summary>
    int? Free(out string? problem);
}

internal sealed class LoopbackPorts : ILoopbackPorts
{
    public int? Free(out string? problem)
    {
        try
        {
            using var listener = new TcpListener(IPAddress.Loopback, 0);
            listener.Start();
            problem = null;
            return ((IPEndPoint)listener.LocalEndpoint).Port;
        }
        catch (SocketException refused)
        {
            problem = refused.Message;
            return null;
        }
    }
}
