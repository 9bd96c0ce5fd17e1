using System.Text.RegularExpressions;

namespace Comox.Web.Fleet;

/// <summary>How much of a node is on the page.</summary>
public enum Opening
{
    /// <summary>Its line, and why it needs attention.</summary>
    Closed,

    /// <summary>Also the engines, cards and downloads that something is wrong with.</summary>
    Trouble,

    /// <summary>Everything.</summary>
    Whole,
}

/// <summary>
/// Where each node stands on one person's page, and whether it is open. Those that need attention come first, and open at what is wrong when they begin to; a node that is
/// well again keeps its place for a while and stays as open as it is, so that nothing runs away from under a reader.
/// </summary>
internal sealed partial class FleetOrder
{
    /// <summary>How long a node has to be better before it moves down.</summary>
    public static readonly TimeSpan Calm = TimeSpan.FromSeconds(10);

    /// <summary>No more open by themselves than this: of a whole rack that is lost, the lines alone say why.</summary>
    public const int MostOpened = 3;

    private readonly Dictionary<string, Place> _places = [];

    public bool IsAnyOpen => _places.Values.Any(place => place.Opening != Opening.Closed);

    public IReadOnlyList<FleetNode> Arrange(IReadOnlyList<FleetNode> nodes, DateTimeOffset now)
    {
        foreach (var gone in _places.Keys.Except(nodes.Select(node => node.Key)).ToList())
            _places.Remove(gone);
        var byName = nodes.OrderBy(node => Padded(node.Name), StringComparer.OrdinalIgnoreCase).ThenBy(node => node.Key, StringComparer.Ordinal).ToList();
        foreach (var node in byName.OrderByDescending(node => node.Attention))
            Put(node, nodes.Count == 1, now);
        return [.. byName.OrderByDescending(node => _places[node.Key].Level)];
    }

    public Opening Of(FleetNode node) => _places[node.Key].Opening;

    public void Open(FleetNode node, Opening opening) => _places[node.Key].Opening = opening;

    public void OpenAll(IEnumerable<FleetNode> nodes)
    {
        foreach (var node in nodes)
            _places[node.Key].Opening = Opening.Whole;
    }

    public void CloseAll()
    {
        foreach (var place in _places.Values)
            place.Opening = Opening.Closed;
    }

    private void Put(FleetNode node, bool isOnly, DateTimeOffset now)
    {
        if (!_places.TryGetValue(node.Key, out var place))
            _places[node.Key] = place = new Place { Opening = isOnly ? Opening.Whole : Opening.Closed, SeenAt = now };
        if (node.Attention > place.Level && node.HasTroubledParts && place.Opening == Opening.Closed && _places.Values.Count(other => other.Opening != Opening.Closed) < MostOpened)
            place.Opening = Opening.Trouble;
        if (node.Attention >= place.Level || now - place.SeenAt >= Calm)
            (place.Level, place.SeenAt) = (node.Attention, now);
    }

    /// <summary>gpu-9 before gpu-10.</summary>
    private static string Padded(string name) => Digits().Replace(name, digits => digits.Value.PadLeft(12, '0'));

    [GeneratedRegex("[0-9]+")]
    private static partial Regex Digits();

    private sealed class Place
    {
        public Opening Opening { get; set; }

        /// <summary>The worst of late.</summary>
        public Attention Level { get; set; }

        /// <summary>When it was last that bad.</summary>
        public DateTimeOffset SeenAt { get; set; }
    }
}
