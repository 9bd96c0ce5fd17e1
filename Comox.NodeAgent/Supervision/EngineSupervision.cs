using Comox.NodeAgent.Engines;
using Comox.NodeAgent.ModelCache;

namespace Comox.NodeAgent.Supervision;

/// <summary>Runs a <see cref="EngineSupervisor"/> for each engine of the node, side by side.</summary>
internal sealed class EngineSupervision(
    EngineRegistry engines, EngineKinds kinds, ModelLibrary library, EngineRunners runners, AgentLock agentLock, ILogger<EngineSupervisor> log) : BackgroundService
{
    public override Task StartAsync(CancellationToken cancellationToken)
    {
        agentLock.Take();
        return base.StartAsync(cancellationToken);
    }

    protected override Task ExecuteAsync(CancellationToken stoppingToken) =>
        Task.WhenAll(engines.All.Select(engine => new EngineSupervisor(engine, kinds, library, runners.For(engine), log).RunAsync(stoppingToken)));
}
