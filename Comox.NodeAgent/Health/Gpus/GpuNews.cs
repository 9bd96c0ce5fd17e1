using Comox.ServiceDefaults.Contracts.Nodes;

namespace Comox.NodeAgent.Health.Gpus;

/// <summary>Which changes of the cards are worth waking everybody who watches the node.</summary>
internal static class GpuNews
{
    /// <summary>The least time between two changes of mere figures.</summary>
    public static readonly TimeSpan FiguresEvery = TimeSpan.FromSeconds(2);

    /// <summary>Whether <paramref name="now"/> is to be published in place of <paramref name="shown"/>, which is as old as <paramref name="age"/>.</summary>
    public static bool IsNews(IReadOnlyList<GpuStatus> shown, IReadOnlyList<GpuStatus> now, TimeSpan age) =>
        shown.Count != now.Count
        || shown.Zip(now).Any(pair => IsOtherwise(pair.First, pair.Second))
        || (age >= FiguresEvery && shown.Zip(now).Any(pair => HasMoved(pair.First, pair.Second)));

    private static bool IsOtherwise(GpuStatus shown, GpuStatus now) =>
        shown.Health != now.Health || shown.LastXid != now.LastXid || shown.Name != now.Name || shown.Uuid != now.Uuid || shown.Driver != now.Driver
        || !shown.Reasons.SequenceEqual(now.Reasons, StringComparer.Ordinal);

    private static bool HasMoved(GpuStatus shown, GpuStatus now) =>
        Moved(shown.MemoryUsedBytes, now.MemoryUsedBytes, 64 * 1024 * 1024)
        || Moved(shown.MemoryTotalBytes, now.MemoryTotalBytes, 1)
        || Moved(shown.TemperatureCelsius, now.TemperatureCelsius, 2)
        || Moved(shown.MemoryTemperatureCelsius, now.MemoryTemperatureCelsius, 2)
        || Moved(shown.PowerWatts, now.PowerWatts, 10)
        || Moved(shown.PowerLimitWatts, now.PowerLimitWatts, 1)
        || Moved(shown.UtilizationPercent, now.UtilizationPercent, 5)
        || Moved(shown.MemoryUtilizationPercent, now.MemoryUtilizationPercent, 10)
        || Moved(shown.CoreClockMegahertz, now.CoreClockMegahertz, 50)
        || Moved(shown.MemoryClockMegahertz, now.MemoryClockMegahertz, 50)
        || Moved(shown.FanPercent, now.FanPercent, 5)
        || Moved(shown.PcieGeneration, now.PcieGeneration, 1)
        || Moved(shown.PcieWidth, now.PcieWidth, 1)
        || !Words(shown.Throttles).SequenceEqual(Words(now.Throttles), StringComparer.Ordinal);

    // Known after unknown is a move, and so is the reverse.
    private static bool Moved(double? shown, double? now, double least) => shown.HasValue != now.HasValue || Math.Abs((shown - now) ?? 0) >= least;

    private static IEnumerable<string> Words(IReadOnlyList<string>? throttles) => throttles ?? ["unknown"];
}
