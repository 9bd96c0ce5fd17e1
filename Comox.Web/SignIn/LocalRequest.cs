using System.Net;

namespace Comox.Web.SignIn;

/// <summary>
/// Tells the owner's own browser on this machine from everything that only looks like it.
/// <list type="number">
/// <item>The connection comes from loopback.</item>
/// <item>The Host header names this machine. A page of a stranger whose name was re-bound to 127.0.0.1 still sends the stranger's name.</item>
/// <item>No proxy stands in between: behind one, every visitor comes from loopback.</item>
/// <item>Where the browser names the page that asks (on every WebSocket and POST), it is this console: a stranger's page may not open a circuit.</item>
/// </list>
/// </summary>
internal static class LocalRequest
{
    private static readonly string[] ForwardingHeaders =
        ["Forwarded", "Via", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Forwarded-Server", "X-Real-IP", "True-Client-IP", "CF-Connecting-IP"];

    public static bool IsFromTheOwner(HttpContext context)
    {
        var request = context.Request;
        return context.Connection.RemoteIpAddress is { } remote && IPAddress.IsLoopback(remote) // 1
            && IsThisMachine(request.Host.Host) // 2
            && !ForwardingHeaders.Any(request.Headers.ContainsKey) // 3
            && IsOwnOrigin(request); // 4
    }

    private static bool IsThisMachine(string host) =>
        host.Equals("localhost", StringComparison.OrdinalIgnoreCase) || host is "127.0.0.1" or "[::1]";

    private static bool IsOwnOrigin(HttpRequest request)
    {
        var origin = request.Headers.Origin;
        return origin.Count == 0 || (origin.Count == 1 && $"{request.Scheme}://{request.Host}".Equals(origin[0], StringComparison.OrdinalIgnoreCase));
    }
}
