namespace Comox.NodeAgent.Swapping;

/// <summary>Where a model's file is read from when it is loaded.</summary>
internal enum LoadTier
{
    /// <summary>The system still holds it in memory.</summary>
    PageCache,
    Disk,

    /// <summary>The engine sleeps, and has it in memory itself.</summary>
    Asleep,
}

/// <summary>
/// How long loading takes: measured for each model and tier, the newest counting most; before that, from the speed that other models were loaded at, or else a
/// guess of a plain disk (1 GB/s) and of memory (8 GB/s), with what a process needs to start.
/// </summary>
internal sealed class LoadTimes
{
    private const double Newest = 0.4;
    private const double StartSeconds = 0.4;

    private readonly Dictionary<(string Model, LoadTier Tier), double> _seconds = [];
    private readonly Dictionary<LoadTier, double> _bytesPerSecond = new() { [LoadTier.PageCache] = 8e9, [LoadTier.Disk] = 1e9, [LoadTier.Asleep] = 8e9 };

    public double Predict(string model, long bytes, LoadTier tier) =>
        _seconds.TryGetValue((model, tier), out var measured) ? measured : StartSeconds + (bytes / _bytesPerSecond[tier]);

    /// <returns>Null: not yet.</returns>
    public double? Measured(string model, LoadTier tier) => _seconds.TryGetValue((model, tier), out var measured) ? measured : null;

    public void Measured(string model, long bytes, LoadTier tier, double seconds)
    {
        _seconds[(model, tier)] = _seconds.TryGetValue((model, tier), out var known) ? known + (Newest * (seconds - known)) : seconds;
        // A small file tells of the start and not of the speed.
        if (bytes > 100_000_000 && seconds > StartSeconds)
            _bytesPerSecond[tier] += Newest * ((bytes / (seconds - StartSeconds)) - _bytesPerSecond[tier]);
    }
}
