namespace Comox.Gateway.Backends;

/// <summary>Holds the current <see cref="FleetSnapshot"/>. Watchers replace it; requests read it without a lock.</summary>
internal sealed class Fleet(BackendFactory backends)
{
    private readonly Lock _writers = new();
    private readonly SortedDictionary<NodeKey, NodeView> _nodes = [];
    private volatile FleetSnapshot _current = FleetSnapshot.Empty;

    public FleetSnapshot Current => _current;

    /// <summary>Raised after every change, on the thread that made it.</summary>
    public event Action? Changed;

    /// <summary>A node says how it is.</summary>
    /// <returns>Whether it was not there before.</returns>
    public bool Tell(NodeKey node, NodeView view)
    {
        lock (_writers)
        {
            var isNew = _nodes.GetValueOrDefault(node) is not { Status: not null, Lost: null };
            _nodes[node] = view;
            Renew();
            return isNew;
        }
    }

    /// <summary>A node cannot be heard; what it said last is kept.</summary>
    /// <returns>Whether that is news.</returns>
    public bool Lose(NodeKey node, string source, string reason)
    {
        lock (_writers)
        {
            var before = _nodes.GetValueOrDefault(node) ?? new NodeView(null, null, null) { Source = source };
            if (before.Lost == reason)
                return false;
            _nodes[node] = before with { Lost = reason };
            Renew();
            return true;
        }
    }

    /// <summary>Nodes that are no more are not waited for.</summary>
    public void RemoveAllBut(HashSet<NodeKey> known)
    {
        lock (_writers)
        {
            var gone = _nodes.Keys.Where(node => !known.Contains(node)).ToList();
            foreach (var node in gone)
                _nodes.Remove(node);
            if (gone.Count > 0)
                Renew();
        }
    }

    /// <summary>What runs on a node that has fallen silent comes back through its canaries.</summary>
    public void Suspend(NodeView node)
    {
        foreach (var backend in _current.Pools.SelectMany(pool => pool.Backends).Where(backend => backend.Node is not null && backend.Node == node.Pulse))
            backend.Circuit.Suspend();
    }

    /// <summary>Runs something while no watcher changes the fleet: what it makes of the fleet it sees is not overtaken by a newer one.</summary>
    public void WhileStill(Action<FleetSnapshot> action)
    {
        lock (_writers)
            action(_current);
    }

    private void Renew()
    {
        _current = new FleetSnapshot(_nodes.Values, backends);
        Changed?.Invoke();
    }
}
