using System.Net;
using Comox.ServiceDefaults.Clients;
using Microsoft.Extensions.ServiceDiscovery;

namespace Comox.Gateway.Backends;

/// <summary>
/// Turns a configured address (<c>https+http://nodeagent</c>) into a real one before each watch. Chat requests use the same real address:
/// the node that reports an engine is the node that runs it.
/// </summary>
internal sealed class NodeConnector(ServiceEndpointResolver discovery, IHttpClientFactory clients, TimeProvider time)
{
    /// <summary>The registered client carries the service key and no resilience handler; only its address is another one.</summary>
    public NodeAgentClient ClientFor(Uri address)
    {
        var http = clients.CreateClient(nameof(NodeAgentClient));
        http.BaseAddress = address;
        return new NodeAgentClient(http, time);
    }

    public async Task<Uri> ResolveAsync(Uri configured, CancellationToken cancellation)
    {
        var found = await discovery.GetEndpointsAsync(configured.OriginalString.TrimEnd('/'), cancellation);
        var scheme = configured.Scheme.Split('+')[^1];
        return found.Endpoints.Select(endpoint => endpoint.EndPoint).FirstOrDefault() switch
        {
            UriEndPoint endpoint => new Uri(endpoint.Uri.GetLeftPart(UriPartial.Authority)),
            DnsEndPoint endpoint => Build(scheme, endpoint.Host, endpoint.Port),
            IPEndPoint endpoint => Build(scheme, endpoint.Address.ToString(), endpoint.Port),
            _ => Build(scheme, configured.Host, configured.Port),
        };
    }

    private static Uri Build(string scheme, string host, int port) => new UriBuilder(scheme, host, port > 0 ? port : -1).Uri;
}
