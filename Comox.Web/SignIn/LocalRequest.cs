using System.Net;

namespace Comox.Web.SignIn;

/// <summary>
/// Tells the owner's own browser on this machine from everything that only looks like it.
/// <list type="number">
/// <item>The connection comes from loopback.</item>
/// <item>The Host header names this machine. A page of a stranger whose name was re-bound to 127.0.0.1 still sends the stranger's name.</item>
/// <item>No proxy stands in between: behind one, every visitor comes from loopback. A proxy gives itself away by its headers, or by HTTP/1.0,
/// which no browser speaks and which nginx speaks by default.</item>
/// <item>Where the browser names the page that asks (on every WebSocket and POST), it is this console: a stranger's page may not open a circuit.</item>
/// </list>
/// </summary>
internal static class LocalRequest
{
    private static readonly string[] ForwardingHeaders =
        ["Forwarded", "Via", "X-Real-IP", "X-Client-IP", "X-Original-Host", "X-Original-For", "True-Client-IP", "CF-Connecting-IP"];

    public static bool IsFromTheOwner(HttpContext context)
    {
        var request = context.Request;
        return context.Connection.RemoteIpAddress is { } remote && IPAddress.IsLoopback(remote) // 1
            && IsThisMachine(request.Host.Host) // 2
            && !IsProxied(request) // 3
            && IsOwnOrigin(request); // 4
    }

    private static bool IsThisMachine(string host) =>
        host.Equals("localhost", StringComparison.OrdinalIgnoreCase) || host is "127.0.0.1" or "[::1]";

    private static bool IsProxied(HttpRequest request) =>
        HttpProtocol.IsHttp10(request.Protocol)
        || ForwardingHeaders.Any(request.Headers.ContainsKey)
        || request.Headers.Keys.Any(name => name.StartsWith("X-Forwarded-", StringComparison.OrdinalIgnoreCase));

    private static bool IsOwnOrigin(HttpRequest request)
    {
        var origin = request.Headers.Origin;
        return origin.Count == 0 || (origin.Count == 1 && $"{request.Scheme}://{request.Host}".Equals(origin[0], StringComparison.OrdinalIgnoreCase));
    }
}
