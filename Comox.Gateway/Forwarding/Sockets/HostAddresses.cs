using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace Comox.Gateway.Forwarding.Sockets;

/// <summary>The addresses behind the names of backends. Asked again after a while: in a cluster a name moves.</summary>
internal sealed class HostAddresses(TimeProvider time)
{
    private static readonly TimeSpan Kept = TimeSpan.FromSeconds(10);

    private readonly ConcurrentDictionary<(string Host, int Port), Found> _found = [];

    /// <returns>At least one.</returns>
    /// <exception cref="IOException">The name is not known.</exception>
    public async ValueTask<IReadOnlyList<IPEndPoint>> FindAsync(Uri address, CancellationToken cancellation)
    {
        var key = (address.IdnHost, address.Port);
        if (_found.TryGetValue(key, out var found) && (found.IsFixed || time.GetElapsedTime(found.At) < Kept))
            return found.EndPoints;
        if (IPAddress.TryParse(key.IdnHost, out var literal))
            return (_found[key] = new Found([new IPEndPoint(literal, address.Port)], IsFixed: true, 0)).EndPoints;
        try
        {
            var addresses = await Dns.GetHostAddressesAsync(key.IdnHost, cancellation);
            if (addresses.Length == 0)
                throw new IOException($"The name {key.IdnHost} has no address.");
            // IPv4 first: "localhost" has both, and most engines listen on 127.0.0.1 alone.
            var endpoints = addresses.OrderBy(candidate => candidate.AddressFamily == AddressFamily.InterNetwork ? 0 : 1).Select(candidate => new IPEndPoint(candidate, address.Port));
            return (_found[key] = new Found([.. endpoints], IsFixed: false, time.GetTimestamp())).EndPoints;
        }
        catch (SocketException unknown)
        {
            throw new IOException($"The name {key.IdnHost} is not known.", unknown);
        }
    }

    private sealed record Found(IReadOnlyList<IPEndPoint> EndPoints, bool IsFixed, long At);
}
