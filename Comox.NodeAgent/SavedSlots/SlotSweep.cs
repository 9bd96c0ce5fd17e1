using Comox.NodeAgent.Engines;

namespace Comox.NodeAgent.SavedSlots;

/// <summary>Deletes saved slots that are too old, and at the start those of engines that the settings do not name any more.</summary>
internal sealed class SlotSweep(SlotFolders folders, EngineRegistry engines, TimeProvider time, ILogger<SlotSaver> log) : BackgroundService
{
    private static readonly TimeSpan Period = TimeSpan.FromMinutes(1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await Task.Yield();
        using var timer = new PeriodicTimer(Period, time);
        try
        {
            do
            {
                try
                {
                    folders.Sweep([.. engines.All.Select(engine => engine.Id)]);
                }
                catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
                {
                    log.SlotsNotKept("all", "deleted", problem.Message);
                }
            }
            while (await timer.WaitForNextTickAsync(stoppingToken));
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The agent stops.
        }
    }
}
