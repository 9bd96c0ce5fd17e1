using Comox.ServiceDefaults;
using Comox.ServiceDefaults.Contracts.Gateway;
using Microsoft.Extensions.Options;

namespace Comox.Gateway.Backends;

/// <summary>Names one node among all: those of the settings in their order, then those that registered. Two ways to one address are one node.</summary>
/// <param name="Order">Place in the settings.</param>
/// <param name="Address">Base address.</param>
internal readonly record struct NodeKey(int Order, string Address) : IComparable<NodeKey>
{
    public int CompareTo(NodeKey other) => Order != other.Order ? Order.CompareTo(other.Order) : string.CompareOrdinal(Address, other.Address);
}

/// <summary>A node to be watched.</summary>
/// <param name="Key">Names it.</param>
/// <param name="Address">Base address; null: its name stands for none.</param>
/// <param name="Source">One of <see cref="NodeSources"/>.</param>
/// <param name="Problem">Why there is no address.</param>
internal sealed record KnownNode(NodeKey Key, Uri? Address, string Source, string? Problem = null);

/// <summary>
/// Which nodes there are at the moment: what the names in the settings stand for, be it an address, a service of service discovery with one address or many, or a DNS name with a
/// record for each node (<c>dns+http://</c>); and who registered.
/// </summary>
internal sealed class NodeDirectory(NodeConnector connector, NodeRegistrations registrations, IOptions<GatewayOptions> options)
{
    private readonly Uri[] _configured = options.Value.Nodes is { Length: > 0 } named
        ? [.. named.Select(address => new Uri(address))]
        : [ServiceNames.AddressOf(ServiceNames.NodeAgent)];

    // What a name stood for last: a name server that does not answer for a while takes no node away.
    private readonly Dictionary<Uri, IReadOnlyList<Uri>> _last = [];

    public async Task<IReadOnlyList<KnownNode>> FindAsync(CancellationToken cancellation)
    {
        var found = new List<KnownNode>();
        var addresses = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        for (var order = 0; order < _configured.Length; order++)
        {
            var (configured, source) = (_configured[order], NodeConnector.SourceOf(_configured[order]));
            var (resolved, problem) = await connector.ResolveAsync(configured, cancellation);
            if (resolved.Count > 0)
                _last[configured] = resolved;
            else if (_last.TryGetValue(configured, out var last))
                resolved = last;
            if (resolved.Count == 0)
                found.Add(new KnownNode(new NodeKey(order, configured.OriginalString), null, source, problem));
            found.AddRange(resolved.Where(address => addresses.Add(address.Authority)).Select(address => new KnownNode(new NodeKey(order, address.Authority), address, source)));
        }

        found.AddRange(registrations.Current.Where(address => addresses.Add(address.Authority)).Select(address =>
            new KnownNode(new NodeKey(_configured.Length, address.Authority), address, NodeSources.Registered)));
        return found;
    }
}
