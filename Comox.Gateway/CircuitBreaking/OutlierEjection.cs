namespace Comox.Gateway.CircuitBreaking;

/// <summary>What is known of one backend of a pool at one moment.</summary>
/// <param name="Admissible">Its circuit lets requests in.</param>
/// <param name="Successes">Of the window that the snapshot was taken over.</param>
/// <param name="Failures">Of the same window.</param>
/// <param name="FirstTokenSeconds">Time to the first token of late; NaN when unknown.</param>
internal readonly record struct BackendHealth(bool Admissible, int Successes, int Failures, double FirstTokenSeconds);

/// <summary>What became of a pool.</summary>
/// <param name="Admitted">Backends that may be used.</param>
/// <param name="Ejected">Backends left out for being worse than their peers.</param>
/// <param name="Panic">Too few were well, so all are used. A route with another pool may rather go there.</param>
internal readonly record struct PoolHealth(int Admitted, int Ejected, bool Panic);

/// <summary>
/// Leaves out backends that are much worse than their peers, which a circuit alone does not see: half of the answers failing, or all of them late. Compared
/// with the median and not with the mean, because in a pool of four the one that is ill moves the mean halfway to itself. A pure function of the snapshots.
/// </summary>
internal static class OutlierEjection
{
    private const int OnStack = 256;

    /// <summary><paramref name="admitted"/> receives who may be used, by backend.</summary>
    public static PoolHealth Judge(ReadOnlySpan<BackendHealth> pool, OutlierOptions options, Span<bool> admitted)
    {
        var count = pool.Length;
        var well = 0;
        for (var at = 0; at < count; at++)
        {
            admitted[at] = pool[at].Admissible;
            well += admitted[at] ? 1 : 0;
        }

        // 1. How much worse than the median each is; zero is well.
        Span<double> badness = count <= OnStack ? stackalloc double[count] : new double[count];
        Span<double> values = count <= OnStack ? stackalloc double[count] : new double[count];
        Span<double> sorted = count <= OnStack ? stackalloc double[count] : new double[count];
        badness.Clear();
        for (var at = 0; at < count; at++)
            values[at] = IsJudged(pool[at], options) ? SuccessRate(pool[at]) : double.NaN;
        if (Median(values, sorted, options.MinPeers) is var usual && !double.IsNaN(usual))
        {
            for (var at = 0; at < count; at++)
            {
                if (usual - values[at] is var gap && gap >= options.SuccessGap)
                    badness[at] = gap / options.SuccessGap;
            }
        }

        for (var at = 0; at < count; at++)
            values[at] = IsJudged(pool[at], options) ? pool[at].FirstTokenSeconds : double.NaN;
        if (Median(values, sorted, options.MinPeers) is var median && !double.IsNaN(median))
        {
            for (var at = 0; at < count; at++)
            {
                if (values[at] > median * options.LatencyFactor && values[at] - median > options.LatencyGap.TotalSeconds)
                    badness[at] = Math.Max(badness[at], values[at] / (median * options.LatencyFactor));
            }
        }

        // 2. The worst first, until as many are out as may be.
        var mayBeOut = options.MaxEjected == 0 ? 0 : Math.Max(1, (int)(count * options.MaxEjected));
        var ejected = 0;
        while (count - well < mayBeOut && Worst(badness, admitted) is var worst and >= 0)
        {
            admitted[worst] = false;
            ejected++;
            well--;
        }

        // 3. Too few left: all of them.
        if (well >= count * options.PanicBelow)
            return new PoolHealth(well, ejected, Panic: false);
        admitted[..count].Fill(true);
        return new PoolHealth(count, 0, Panic: true);
    }

    private static bool IsJudged(in BackendHealth backend, OutlierOptions options) =>
        backend.Admissible && backend.Successes + backend.Failures >= options.MinRequests;

    private static double SuccessRate(in BackendHealth backend) => (double)backend.Successes / (backend.Successes + backend.Failures);

    private static double Median(ReadOnlySpan<double> values, Span<double> sorted, int minPeers)
    {
        var known = 0;
        foreach (var value in values)
        {
            if (!double.IsNaN(value))
                sorted[known++] = value;
        }

        if (known < minPeers)
            return double.NaN;
        sorted[..known].Sort();
        return known % 2 == 1 ? sorted[known / 2] : (sorted[(known / 2) - 1] + sorted[known / 2]) / 2;
    }

    private static int Worst(ReadOnlySpan<double> badness, ReadOnlySpan<bool> admitted)
    {
        var worst = -1;
        for (var at = 0; at < badness.Length; at++)
        {
            if (admitted[at] && badness[at] > 0 && (worst < 0 || badness[at] > badness[worst]))
                worst = at;
        }

        return worst;
    }
}
