using System.Net;
using System.Net.Sockets;

namespace Comox.TestKit;

/// <summary>Ports of 127.0.0.1 for programs that cannot be asked which one they took.</summary>
public static class LocalPort
{
    /// <summary>One that nobody listens on at this moment.</summary>
    public static int Free()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
