using Comox.NodeAgent.ModelCache;
using Comox.ServiceDefaults.Contracts.Nodes;
using Comox.ServiceDefaults.Contracts.OpenAI;

namespace Comox.NodeAgent.Supervision;

/// <summary>
/// The one loop that moves an engine through its states.
/// <code>
/// (1) decide which form of the model runs on which kind of engine, and find or install its program
/// (2) choose the model; when the engine cannot load one that nobody asked for, the next
/// (3) wait until it is wanted in memory
/// (4) start the process and wait until it is ready
/// (5) wait until it dies, a restart is asked for, it is not wanted any more, or the host stops
/// (6) died: start again after a while, or give up; failed: wait until a restart is asked for, and begin at (1); not wanted: let it finish, end it, and go on at (3)
/// (7) the host stops: ask the engine to stop, then make it
/// </code>
/// </summary>
internal sealed class EngineSupervisor(EngineHandle engine, EnginePreparation preparation, EngineRunner runner, ILogger<EngineSupervisor> log)
{
    // A disk has room again when somebody has cleared it, and that somebody may not think of us.
    private static readonly TimeSpan DiskRetry = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan LongestRetry = TimeSpan.FromMinutes(5);
    private TimeSpan? _retry;
    private TimeSpan _pause = DiskRetry;
    private string? _modelPath;

    public async Task RunAsync(CancellationToken stopping)
    {
        await Task.Yield(); // The host waits for the synchronous part; a slow disk is none of its business.
        try
        {
            while (true)
            {
                engine.ForgetRestartRequests();
                var problem = await ServeAsync(stopping);
                engine.Enter(EngineStates.Failed, problem, Stopped); // (6)
                engine.Enter(EngineStates.Provisioning, await AskedForAsync(stopping) ? "Starting again, as asked" : "Trying again");
            }
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            engine.Enter(EngineStates.Stopping, "The agent is stopping");
            await EndAsync(); // (7)
            engine.Enter(EngineStates.Stopped, "The agent has stopped it", Stopped);
        }
    }

    private async Task<bool> AskedForAsync(CancellationToken stopping)
    {
        if (_retry is not { } pause)
        {
            await engine.RestartRequestedAsync(stopping);
            return true;
        }

        using var either = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        var asked = engine.RestartRequestedAsync(either.Token);
        await Task.WhenAny(asked, Task.Delay(pause, runner.Time, either.Token));
        await either.CancelAsync();
        stopping.ThrowIfCancellationRequested();
        return asked.IsCompletedSuccessfully;
    }

    /// <returns>Why it cannot go on.</returns>
    private async Task<string> ServeAsync(CancellationToken stopping)
    {
        _retry = null;
        try
        {
            return await PrepareAndRunAsync(stopping);
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            // A full or vanished disk is no reason to take the other services of this process down.
            await EndAsync();
            _retry = DiskRetry;
            return $"The data folder cannot be used: {problem.Message.TrimEnd('.')}. Correct that; it is tried again every {DiskRetry.TotalSeconds:0} seconds, and at once when the engine is restarted.";
        }
        catch (Exception bug) when (bug is not OperationCanceledException || !stopping.IsCancellationRequested)
        {
            // Nor is a mistake of ours: out of this loop it would stop the host, and with it memory, the pages and chat through other nodes.
            log.SupervisionBroke(engine.Id, bug);
            await EndAsync();
            return $"A mistake in Comox stopped it: {bug.Message} The log has the details. Restart the engine to try again.";
        }
    }

    // A drive may be mounted late and a hub be away for a while, with nobody there who would think of us; what is wrong otherwise stays so until it is corrected.
    private string NotYet(string? code, string problem)
    {
        if (code is not (ErrorCodes.CacheDrive or ErrorCodes.DownloadFailed))
            return problem;
        (_retry, _pause) = (_pause, _pause * 2 < LongestRetry ? _pause * 2 : LongestRetry);
        return $"{problem} It is tried again in {_retry.Value.TotalSeconds:0} seconds, and at once when the engine is restarted.";
    }

    private async Task EndAsync()
    {
        try
        {
            await runner.StopAsync();
        }
        catch (Exception problem)
        {
            log.EngineNotEnded(engine.Id, problem);
        }
    }

    private async Task<string> PrepareAndRunAsync(CancellationToken stopping)
    {
        var form = await preparation.FormAsync(engine.Spec, stopping); // (1)
        if (!form.IsSuccess)
            return NotYet(form.Code, form.Told);
        var program = await preparation.KindOf(form.Value).ProvideAsync(engine.Report, stopping);
        if (!program.IsSuccess)
            return program.Problem;

        var refused = new List<RefusedModel>();
        while (true)
        {
            engine.Enter(EngineStates.Fetching, "Choosing a model", status => status with { Kind = form.Value.Kind, Version = program.Value.Version, ProcessId = null });
            var recipe = await preparation.RecipeAsync(engine.Spec, form.Value, program.Value, refused, engine.Report, stopping); // (2)
            if (!recipe.IsSuccess)
                return NotYet(recipe.Code, recipe.Problem);

            _pause = DiskRetry;
            var model = recipe.Value.Service.Chosen;
            (engine.Places, engine.Place) = (recipe.Value.Places, null); // Where an earlier model was is no place for this one, perhaps.
            if (_modelPath != model.Path)
                engine.Tell(status => status with { MemoryBytes = null }); // Nor does it need what that one took.
            _modelPath = model.Path;
            var (reason, modelRefused) = await runner.RunAsync(recipe.Value, stopping);
            if (!modelRefused || model.Source is not (ModelSources.Cache or ModelSources.Hub))
                return reason;
            log.ModelPassedOver(model.Path, reason);
            refused.Add(new RefusedModel(model.Path, reason));
        }
    }

    private static EngineStatus Stopped(EngineStatus status) => status with { ProcessId = null };
}
