using Comox.NodeAgent.Engines;

namespace Comox.NodeAgent.Supervision;

/// <summary>Runs a <see cref="EngineSupervisor"/> for each engine of the node, side by side.</summary>
internal sealed class EngineSupervision(
    EngineRegistry engines, EnginePreparation preparation, EngineRunners runners, AgentLock agentLock, ILogger<EngineSupervisor> log) : BackgroundService
{
    public override Task StartAsync(CancellationToken cancellationToken)
    {
        agentLock.Take();
        return base.StartAsync(cancellationToken);
    }

    protected override Task ExecuteAsync(CancellationToken stoppingToken) =>
        Task.WhenAll(engines.All.Select(engine => new EngineSupervisor(engine, preparation, runners.For(engine), log).RunAsync(stoppingToken)));
}
