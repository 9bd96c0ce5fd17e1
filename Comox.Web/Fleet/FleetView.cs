using Comox.ServiceDefaults.Contracts.Gateway;

namespace Comox.Web.Fleet;

/// <summary>What is known of the fleet.</summary>
/// <param name="Nodes">The last that the gateway listed, in its order; null: it has not yet.</param>
/// <param name="HeardAt">When it did.</param>
/// <param name="Problem">Why it does not answer now; null: it does.</param>
internal sealed record FleetView(IReadOnlyList<FleetNode>? Nodes, DateTimeOffset HeardAt, string? Problem)
{
    public static FleetView None { get; } = new(null, default, null);

    /// <param name="nodes">The nodes.</param>
    /// <param name="routes">Null: not known; then no engine has a circuit to show.</param>
    /// <param name="now">When they were heard.</param>
    public static FleetView Of(NodeList nodes, RouteList? routes, DateTimeOffset now)
    {
        var backends = new Dictionary<string, BackendStatus>(StringComparer.Ordinal);
        foreach (var backend in (routes?.Data ?? []).SelectMany(route => route.Pools).SelectMany(pool => pool.Backends))
            backends.TryAdd(backend.Address, backend);
        return new FleetView([.. nodes.Data.Select((node, place) => FleetNode.Of(KeyOf(node, place), node, backends))], now, null);
    }

    // Its place in the settings names a node that has no address.
    private static string KeyOf(NodeEntry node, int place) => node.Address ?? string.Create(System.Globalization.CultureInfo.InvariantCulture, $"#{place}");
}
