using Comox.NodeAgent.Engines;

namespace Comox.NodeAgent.Supervision;

/// <summary>Runs a <see cref="EngineSupervisor"/> for each engine of the node, side by side.</summary>
internal sealed class EngineSupervision(
    EngineRegistry engines, EnginePreparation preparation, EngineRunners runners, AgentLock agentLock, LeftoverEngines leftovers, ILogger<EngineSupervisor> log) : BackgroundService
{
    public override async Task StartAsync(CancellationToken cancellationToken)
    {
        agentLock.Take();
        // Services start one after the other, and those that measure the cards come later: what is left there would count as somebody else's for as long as this agent lives.
        await leftovers.EndAllAsync(cancellationToken);
        await base.StartAsync(cancellationToken);
    }

    protected override Task ExecuteAsync(CancellationToken stoppingToken) =>
        Task.WhenAll(engines.All.Select(engine => new EngineSupervisor(engine, preparation, runners.For(engine), log).RunAsync(stoppingToken)));
}
