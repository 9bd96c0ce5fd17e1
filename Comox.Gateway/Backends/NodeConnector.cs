using System.Net;
using System.Net.Sockets;
using Comox.ServiceDefaults.Clients;
using Comox.ServiceDefaults.Contracts.Gateway;
using Microsoft.Extensions.ServiceDiscovery;

namespace Comox.Gateway.Backends;

/// <summary>
/// Turns a configured address (<c>https+http://nodeagent</c>, <c>dns+http://agents.comox.svc:5330</c>) into real ones. Chat requests use the same real address:
/// the node that reports an engine is the node that runs it.
/// </summary>
internal sealed class NodeConnector(ServiceEndpointResolver discovery, IHttpClientFactory clients, TimeProvider time)
{
    private const string DnsPrefix = "dns+";

    public NodeAgentClient ClientFor(Uri address) => NodeAgentClient.At(address, clients, time);

    public static bool IsAllowed(Uri address) => address.Scheme is "http" or "https" or "https+http" or "dns+http" or "dns+https";

    public static string SourceOf(Uri configured) => configured.Scheme switch
    {
        "http" or "https" => NodeSources.Settings,
        "https+http" => NodeSources.Discovery,
        _ => NodeSources.Dns,
    };

    /// <returns>All that it stands for; none, and why.</returns>
    public async Task<(IReadOnlyList<Uri> Addresses, string? Problem)> ResolveAsync(Uri configured, CancellationToken cancellation)
    {
        try
        {
            return (configured.Scheme.StartsWith(DnsPrefix, StringComparison.Ordinal) ? await RecordsAsync(configured, cancellation) : await EndpointsAsync(configured, cancellation), null);
        }
        catch (Exception problem) when (problem is SocketException or InvalidOperationException)
        {
            return ([], $"the name of the node agent {configured} is not known");
        }
    }

    // One record, one node: what a headless service of Kubernetes answers.
    private static async Task<IReadOnlyList<Uri>> RecordsAsync(Uri configured, CancellationToken cancellation)
    {
        var scheme = configured.Scheme[DnsPrefix.Length..];
        var addresses = OfOneFamily(await Dns.GetHostAddressesAsync(configured.Host, cancellation));
        return [.. addresses.Select(address => Build(scheme, address.ToString(), configured.Port)).Distinct().OrderBy(address => address.Authority, StringComparer.Ordinal)];
    }

    // A name of a dual-stack network has two addresses for each machine, and nothing says which belong together: both would make two nodes of one.
    // IPv4 first, as for the addresses of engines: many listen on that alone.
    internal static IReadOnlyList<IPAddress> OfOneFamily(IReadOnlyList<IPAddress> addresses) =>
        addresses.Where(address => address.AddressFamily == AddressFamily.InterNetwork).ToList() is { Count: > 0 } older ? older : addresses;

    private async Task<IReadOnlyList<Uri>> EndpointsAsync(Uri configured, CancellationToken cancellation)
    {
        var found = await discovery.GetEndpointsAsync(configured.OriginalString.TrimEnd('/'), cancellation);
        var scheme = configured.Scheme.Split('+')[^1];
        var addresses = found.Endpoints.Select(endpoint => endpoint.EndPoint switch
        {
            UriEndPoint uri => new Uri(uri.Uri.GetLeftPart(UriPartial.Authority)),
            DnsEndPoint name => Build(scheme, name.Host, name.Port),
            IPEndPoint address => Build(scheme, address.Address.ToString(), address.Port),
            _ => null,
        }).OfType<Uri>().Distinct().ToList();
        return addresses.Count > 0 ? addresses : [Build(scheme, configured.Host, configured.Port)];
    }

    private static Uri Build(string scheme, string host, int port) => new UriBuilder(scheme, host, port > 0 ? port : -1).Uri;
}
