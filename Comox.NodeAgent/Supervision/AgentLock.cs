using Comox.ServiceDefaults;

namespace Comox.NodeAgent.Supervision;

/// <summary>One agent per data folder: a second one would take the first one's engine for a leftover. The kernel releases the lock of a killed process.</summary>
internal sealed class AgentLock(ComoxHome home) : IDisposable
{
    private IDisposable? _held;

    public void Take() => _held = home.Lock(Path.Combine(home.Folder("engines", "run"), "agent.lock"), "Another Comox node agent");

    public void Dispose() => _held?.Dispose();
}
