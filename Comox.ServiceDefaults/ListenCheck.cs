using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Http;

namespace Comox.ServiceDefaults;

/// <summary>
/// Finds out before anything else starts whether the addresses can be listened on. The server would find out too, but last, after engines
/// and databases were opened, and with a page of stack trace.
/// </summary>
internal static class ListenCheck
{
    public static void Run(string? urls)
    {
        foreach (var url in (urls ?? "").Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            BindingAddress address;
            try
            {
                address = BindingAddress.Parse(url);
            }
            catch (FormatException invalid)
            {
                throw new StartupProblem($"The address '{url}' is not one a server can listen on.", "Write it as in --urls http://localhost:8080", invalid);
            }

            if (address.Port == 0 || address.IsUnixPipe || address.IsNamedPipe)
                continue;
            foreach (var ip in AddressesOf(address.Host))
                TryListen(new IPEndPoint(ip, address.Port), url);
        }
    }

    private static void TryListen(IPEndPoint endpoint, string url)
    {
        if (endpoint.AddressFamily == AddressFamily.InterNetworkV6 && !Socket.OSSupportsIPv6)
            return;
        try
        {
            using var socket = new Socket(endpoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            socket.Bind(endpoint);
            socket.Listen();
        }
        catch (SocketException taken) when (taken.SocketErrorCode == SocketError.AddressAlreadyInUse)
        {
            throw new StartupProblem(
                $"Port {endpoint.Port} is in use: another program listens on {url}.",
                $"Stop that program, or choose another address: --urls http://localhost:{Math.Min(endpoint.Port + 1, 65535)}",
                taken);
        }
        catch (SocketException denied) when (denied.SocketErrorCode == SocketError.AccessDenied)
        {
            throw new StartupProblem($"This user may not listen on {url}.", "Ports below 1024 need more rights; choose another address: --urls http://localhost:8080", denied);
        }
        catch (SocketException)
        {
            // An address this machine does not have (IPv6 switched off, say): the server decides whether that matters.
        }
    }

    private static IEnumerable<IPAddress> AddressesOf(string host) => host switch
    {
        "localhost" => [IPAddress.Loopback, IPAddress.IPv6Loopback],
        _ when IPAddress.TryParse(host, out var ip) => [ip],
        _ => [IPAddress.Any],
    };
}
