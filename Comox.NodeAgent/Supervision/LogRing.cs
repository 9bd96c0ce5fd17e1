namespace Comox.NodeAgent.Supervision;

/// <summary>The last lines an engine wrote.</summary>
internal sealed class LogRing(int capacity)
{
    private const int MaxLine = 2000;
    private readonly Queue<string> _lines = new(capacity);
    private readonly Lock _lock = new();

    public void Add(string line)
    {
        lock (_lock)
        {
            if (_lines.Count == capacity)
                _lines.Dequeue();
            _lines.Enqueue(line.Length <= MaxLine ? line : line[..MaxLine] + "…");
        }
    }

    /// <summary>Oldest first.</summary>
    public IReadOnlyList<string> Lines()
    {
        lock (_lock)
            return [.. _lines];
    }
}
