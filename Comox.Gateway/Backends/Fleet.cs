namespace Comox.Gateway.Backends;

/// <summary>Holds the current <see cref="FleetSnapshot"/>. Watchers replace it; requests read it without a lock.</summary>
internal sealed class Fleet(BackendFactory backends)
{
    private readonly Lock _writers = new();
    private readonly SortedDictionary<int, NodeView> _nodes = [];
    private volatile FleetSnapshot _current = FleetSnapshot.Empty;

    public FleetSnapshot Current => _current;

    /// <summary>Raised after every change, on the thread that made it.</summary>
    public event Action? Changed;

    /// <param name="node">Position of the node in the settings.</param>
    /// <param name="change">From the last view to the next.</param>
    public void Update(int node, Func<NodeView, NodeView> change)
    {
        lock (_writers)
        {
            _nodes[node] = change(_nodes.GetValueOrDefault(node) ?? new NodeView(null, null, null));
            _current = new FleetSnapshot(_nodes.Values, backends);
            Changed?.Invoke();
        }
    }

    /// <summary>Runs something while no watcher changes the fleet: what it makes of the fleet it sees is not overtaken by a newer one.</summary>
    public void WhileStill(Action<FleetSnapshot> action)
    {
        lock (_writers)
            action(_current);
    }
}
