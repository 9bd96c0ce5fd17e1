using Comox.NodeAgent.Engines.Provisioning;
using Comox.NodeAgent.ModelCache;
using Comox.ServiceDefaults.Contracts.Nodes;

namespace Comox.NodeAgent.Supervision;

/// <summary>
/// The one loop that moves an engine through its states.
/// <code>
/// (1) find or install the program
/// (2) choose the model
/// (3) start the process and wait until it is ready
/// (4) wait until it dies, a restart is asked for, or the host stops
/// (5) died: start again after a while, or give up; failed: wait until a restart is asked for, and begin at (1)
/// (6) the host stops: ask the engine to stop, then make it
/// </code>
/// </summary>
internal sealed class EngineSupervisor(
    EngineHandle engine, EngineProvisioner provisioner, ModelLibrary library, EngineRunner runner, AgentLock agentLock) : BackgroundService
{
    public override Task StartAsync(CancellationToken cancellationToken)
    {
        agentLock.Take();
        return base.StartAsync(cancellationToken);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await Task.Yield(); // The host waits for the synchronous part; a slow disk is none of its business.
        try
        {
            while (true)
            {
                engine.ForgetRestartRequests();
                var problem = await ServeAsync(stoppingToken);
                engine.Enter(EngineStates.Failed, problem, Stopped); // (5)
                await engine.RestartRequestedAsync(stoppingToken);
                engine.Enter(EngineStates.Provisioning, "Starting again, as asked");
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            engine.Enter(EngineStates.Stopping, "The agent is stopping");
            await runner.StopAsync(engine); // (6)
            engine.Enter(EngineStates.Stopped, "The agent has stopped it", Stopped);
        }
    }

    /// <returns>Why it cannot go on.</returns>
    private async Task<string> ServeAsync(CancellationToken stopping)
    {
        try
        {
            return await PrepareAndRunAsync(stopping);
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            // A full or vanished disk is no reason to take the other services of this process down.
            await runner.StopAsync(engine);
            return $"The data folder cannot be used: {problem.Message} Correct that, then restart the engine.";
        }
    }

    private async Task<string> PrepareAndRunAsync(CancellationToken stopping)
    {
        var program = await provisioner.ProvideAsync(engine.Report, stopping); // (1)
        if (!program.IsSuccess)
            return program.Problem;

        engine.Enter(EngineStates.Fetching, "Choosing a model", status => status with { Version = program.Value.Version });
        var model = await library.ChooseAsync(engine.Report, stopping); // (2)
        return model.IsSuccess ? await runner.RunAsync(engine, program.Value, model.Value, stopping) : model.Problem;
    }

    private static EngineStatus Stopped(EngineStatus status) => status with { ProcessId = null };
}
