using Comox.NodeAgent.Engines;
using Comox.NodeAgent.Supervision;
using Microsoft.Extensions.Options;

namespace Comox.NodeAgent.Health.Engines;

/// <summary>Looks after every engine four times a second.</summary>
internal sealed class EngineHealthSampler(
    EngineRegistry engines, EngineWatches watches, EngineSpeeds speeds, EngineMetrics metrics, TimeProvider time, ILogger<EngineHealthSampler> log) : BackgroundService
{
    public static readonly TimeSpan Period = TimeSpan.FromMilliseconds(250);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await Task.Yield();
        metrics.Begin();
        var all = engines.All.Select(engine => (engine.Id, Watch: watches.For(engine))).ToList();
        var begun = time.GetTimestamp();
        var before = TimeSpan.Zero;
        using var timer = new PeriodicTimer(Period, time);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
            {
                var now = time.GetElapsedTime(begun);
                foreach (var (id, watch) in all)
                    Look(id, watch, now, wasLate: now - before > Period * 3);
                before = now;
                speeds.Save();
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            speeds.Save(now: true);
        }
        finally
        {
            all.ForEach(watched => watched.Watch.Dispose());
        }
    }

    private void Look(string id, EngineWatch watch, TimeSpan now, bool wasLate)
    {
        try
        {
            watch.Look(now, wasLate);
        }
        catch (Exception bug)
        {
            // What only watches must not end the agent.
            log.WatchBroke(id, bug);
        }
    }
}

/// <summary>Makes the watch of an engine; all share the rest.</summary>
internal sealed class EngineWatches(IEnumerable<IEngineProgress> kinds, NodeStatusBoard board, EngineSpeeds speeds, IOptions<NodeAgentOptions> options, TimeProvider time)
{
    public EngineWatch For(EngineHandle engine) => new(engine, [.. kinds], board, speeds, options.Value.Probing, time);
}
