using System.Globalization;
using Comox.ServiceDefaults.Contracts.Gateway;

namespace Comox.Web.Fleet;

/// <summary>What is known of the fleet.</summary>
/// <param name="Nodes">The last that the gateway listed, in its order; null: it has not yet.</param>
/// <param name="HeardAt">When it did.</param>
/// <param name="Problem">Why it does not answer now; null: it does.</param>
internal sealed record FleetView(IReadOnlyList<FleetNode>? Nodes, DateTimeOffset HeardAt, string? Problem)
{
    public static FleetView None { get; } = new(null, default, null);

    /// <summary>Whether the gateway has a backend that is ready to speak for characters; null: it has not said.</summary>
    public bool? AnswersCharacters { get; private init; }

    /// <summary>Addresses of the backends that were not well when this was heard.</summary>
    private IReadOnlySet<string> NotWell { get; init; } = new HashSet<string>();

    /// <summary>The view after this one.</summary>
    /// <param name="nodes">The nodes.</param>
    /// <param name="routes">Null: not known; then no engine has a circuit to show.</param>
    /// <param name="now">When they were heard.</param>
    public FleetView Next(NodeList nodes, RouteList? routes, DateTimeOffset now)
    {
        var backends = new Dictionary<string, BackendStatus>(StringComparer.Ordinal);
        var notWell = new HashSet<string>(StringComparer.Ordinal);
        foreach (var backend in (routes?.Data ?? []).SelectMany(route => route.Pools).SelectMany(pool => pool.Backends))
        {
            if (!backend.Well)
                notWell.Add(backend.Address);

            // An engine pauses for a quarter of a second and is not well; told only when it lasts, or the page would twitch.
            backends.TryAdd(backend.Address, NotWell.Contains(backend.Address) ? backend : backend with { Well = true });
        }

        return new FleetView([.. nodes.Data.Select((node, place) => FleetNode.Of(KeyOf(node, place), node, backends))], now, null)
        {
            NotWell = notWell,
            AnswersCharacters = routes is null ? AnswersCharacters : routes.Data.Any(route => route is { Characters: true, Ready: true }),
        };
    }

    // Its place in the settings names a node that has no address.
    private static string KeyOf(NodeEntry node, int place) => node.Address ?? string.Create(CultureInfo.InvariantCulture, $"#{place}");
}
