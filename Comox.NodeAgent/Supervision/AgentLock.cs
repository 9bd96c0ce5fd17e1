using Comox.ServiceDefaults;

namespace Comox.NodeAgent.Supervision;

/// <summary>One agent per data folder: a second one would take the first one's engine for a leftover. The kernel releases the lock of a killed process.</summary>
internal sealed class AgentLock(ComoxHome home) : IDisposable
{
    private FileStream? _file;

    public void Take()
    {
        var path = Path.Combine(home.Folder("engines", "run"), "agent.lock");
        try
        {
            _file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException taken)
        {
            throw new StartupProblem(
                $"Another Comox node agent already uses the data folder {home.Path}.",
                $"Stop it, or give this one a folder of its own in {ComoxHome.Setting}.",
                taken);
        }
    }

    public void Dispose() => _file?.Dispose();
}
