using Comox.NodeAgent.Hardware.Gpus;

namespace Comox.NodeAgent.Health.Gpus;

/// <summary>The first of several sources that has cards, and the next one when that one fails.</summary>
/// <param name="sources">In the order in which they are tried.</param>
/// <param name="limit">How long one reading may take.</param>
/// <param name="time">The clock of the limit.</param>
/// <param name="logger">Hears of the first failure of each.</param>
internal sealed class GpuReader(IReadOnlyList<IGpuSource> sources, TimeSpan limit, TimeProvider time, ILogger<GpuReader> logger)
{
    private readonly Dictionary<IGpuSource, Task> _hanging = [];
    private readonly HashSet<IGpuSource> _failed = [];
    private IGpuSource? _chosen;

    /// <summary>How often to read.</summary>
    public TimeSpan Period => _chosen?.Period ?? TimeSpan.FromSeconds(5);

    /// <summary>The cards; empty: no source has any, or none answers.</summary>
    public async Task<IReadOnlyList<GpuReading>> ReadAsync(CancellationToken cancellation)
    {
        foreach (var source in sources.OrderByDescending(source => source == _chosen))
        {
            if (await TryAsync(source, cancellation) is { Count: > 0 } cards)
            {
                _chosen = source;
                return cards;
            }
        }

        return [];
    }

    private async Task<IReadOnlyList<GpuReading>> TryAsync(IGpuSource source, CancellationToken cancellation)
    {
        // A call that a dead driver keeps would be joined by one more every second.
        if (_hanging.TryGetValue(source, out var hanging) && !hanging.IsCompleted)
            return [];
        try
        {
            var reading = source.ReadAsync(cancellation);
            _hanging[source] = reading;
            return await reading.WaitAsync(limit, time, cancellation);
        }
        catch (Exception failure) when (failure is not OperationCanceledException || !cancellation.IsCancellationRequested)
        {
            // Too late, or broken in a way nobody has seen yet: what only watches must not end the agent.
            if (_failed.Add(source))
                logger.GpuSourceFailed(source.GetType().Name, failure);
            return [];
        }
    }
}
