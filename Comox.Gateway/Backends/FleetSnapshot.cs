using System.Collections.Frozen;
using System.Collections.Immutable;
using Comox.ServiceDefaults;
using Comox.ServiceDefaults.Contracts.Gateway;
using Comox.ServiceDefaults.Contracts.Nodes;

namespace Comox.Gateway.Backends;

/// <summary>What one watcher last knew of its node.</summary>
/// <param name="Address">Base address, resolved; null before the first answer.</param>
/// <param name="Status">The last status; null before the first.</param>
/// <param name="Lost">Why the event stream is not open; null while it is.</param>
internal sealed record NodeView(Uri? Address, NodeStatus? Status, string? Lost)
{
    /// <summary>When it was last heard; null before the first answer.</summary>
    public NodePulse? Pulse { get; init; }

    /// <summary>How it was found, one of <see cref="NodeSources"/>.</summary>
    public string Source { get; init; } = NodeSources.Settings;
}

/// <summary>All nodes at one moment, indexed by model. Immutable: a request sees one fleet from beginning to end of each decision.</summary>
internal sealed class FleetSnapshot
{
    private const string ChatRole = "chat";
    private const string EmbedRole = "embed";

    private readonly FrozenDictionary<string, BackendPool> _pools;
    private readonly ImmutableArray<NodeView> _nodes;

    /// <param name="nodes">In the order of the settings.</param>
    /// <param name="backends">Makes a backend of an engine.</param>
    public FleetSnapshot(IEnumerable<NodeView> nodes, BackendFactory? backends)
    {
        _nodes = [.. nodes];
        var found =
            from node in _nodes
            from engine in node.Status?.Engines ?? []
            where engine.Role is ChatRole or EmbedRole && engine.Model is not null
            let bare = backends!.Of(node, engine)
            // An agent of an earlier version does not name any; generated readers make null of that.
            from backend in (engine.Adapters ?? []).Select(adapter => backends!.Of(bare, adapter)).Prepend(bare)
            select backend;
        Pools = [.. found.GroupBy(backend => backend.Model.Name, StringComparer.Ordinal).Select(group => new BackendPool(group.Key, [.. group]))];
        _pools = Pools.ToFrozenDictionary(pool => pool.Model, StringComparer.Ordinal);
    }

    public static FleetSnapshot Empty { get; } = new([], null);

    /// <summary>In the order of nodes and engines.</summary>
    public ImmutableArray<BackendPool> Pools { get; }

    public ImmutableArray<NodeView> Nodes => _nodes;

    /// <summary>No node has ever answered.</summary>
    public bool IsUnknown => _nodes.All(node => node.Status is null);

    public BackendPool? Find(string model) => _pools.GetValueOrDefault(model);

    /// <summary>
    /// While nodes are silent or still choose their models, a model that is not known may yet come: that is a 503 and not a 404.
    /// Null when the list of models is complete.
    /// </summary>
    public ApiError? WhyIncomplete()
    {
        var choosing = _nodes
            .Where(node => node.Lost is null && node.Status is not null)
            .SelectMany(node => node.Status!.Engines)
            .FirstOrDefault(engine => engine.Role == ChatRole && engine.Model is null && BackendPool.IsStarting(engine));
        if (choosing is not null)
            return BackendPool.Loading("The engine is not ready yet", choosing);
        if (_nodes.IsEmpty)
            return BackendPool.Unavailable("No node agent has answered yet. Try again in a moment.");
        if (_nodes.FirstOrDefault(node => node.Status is null) is { } silent)
            return BackendPool.Unavailable($"A node agent has not answered yet: {silent.Lost ?? "connecting"}. Look at its log, or try again in a moment.");
        return null;
    }

    /// <summary>Why no chat model is known at all, although every node has answered.</summary>
    public ApiError WhyNoModel()
    {
        var failed = _nodes.SelectMany(node => node.Status?.Engines ?? []).FirstOrDefault(engine => engine.Role == ChatRole);
        return BackendPool.Unavailable(failed is null ? "No node has a chat engine." : $"No chat engine can answer: {failed.Reason.TrimEnd('.')}.");
    }
}
