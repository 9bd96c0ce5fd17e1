using Comox.NodeAgent.Hardware.Gpus;
using Comox.NodeAgent.Health.Gpus;
using Comox.ServiceDefaults.Contracts.Nodes;

namespace Comox.NodeAgent.Engines.Placement;

/// <summary>The cards as they are needed to decide what runs where. What is shown of them, and judged, is another matter and has a reader of its own.</summary>
internal sealed class NodeCards(IEnumerable<IGpuSource> sources, TimeProvider time, ILogger<GpuReader> log) : IDisposable
{
    private readonly GpuReader _reader = new([.. sources], TimeSpan.FromSeconds(5), time, log);
    private readonly SemaphoreSlim _oneAtATime = new(1, 1);
    private IReadOnlyList<GpuStatus>? _atStart;

    public static bool IsNvidia(GpuStatus card) => card.Source is GpuSources.Nvml or GpuSources.NvidiaSmi;

    /// <summary>Those that were there when this was first asked: a card that comes or goes later needs the agent's restart.</summary>
    public async Task<IReadOnlyList<GpuStatus>> AtStartAsync(CancellationToken cancellation)
    {
        if (Volatile.Read(ref _atStart) is { } known)
            return known;
        await _oneAtATime.WaitAsync(cancellation);
        try
        {
            return _atStart ??= await ReadAsync(cancellation);
        }
        finally
        {
            _oneAtATime.Release();
        }
    }

    /// <summary>Memory taken on these cards now, by whomever; null: nothing tells.</summary>
    public async Task<long?> UsedBytesAsync(IReadOnlyList<int> cards, CancellationToken cancellation)
    {
        await _oneAtATime.WaitAsync(cancellation);
        try
        {
            var now = (await ReadAsync(cancellation)).Where(card => cards.Contains(card.Index)).ToList();
            return now.Count == cards.Count && now.Count > 0 && now.TrueForAll(card => card.MemoryUsedBytes is not null) ? now.Sum(card => card.MemoryUsedBytes) : null;
        }
        finally
        {
            _oneAtATime.Release();
        }
    }

    public void Dispose() => _oneAtATime.Dispose();

    private async Task<IReadOnlyList<GpuStatus>> ReadAsync(CancellationToken cancellation) =>
        [.. (await _reader.ReadAsync(cancellation)).Where(reading => reading.Presence == GpuPresence.Present).Select(reading => reading.Card).OrderBy(card => card.Index)];
}
