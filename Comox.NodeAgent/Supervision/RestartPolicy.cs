namespace Comox.NodeAgent.Supervision;

/// <summary>
/// After how long a dead engine is started again: half a second, then twice as long with every further quick death, and never again after
/// <see cref="MaxQuickDeaths"/> of them in a row. An engine that was ready for a while has proved that it can run: it starts the count anew.
/// </summary>
internal sealed class RestartPolicy
{
    public const int MaxQuickDeaths = 5;
    public static readonly TimeSpan LongLife = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan FirstDelay = TimeSpan.FromMilliseconds(500);
    private int _quickDeaths;

    /// <param name="readyFor">How long it was ready; zero when it never was.</param>
    /// <returns>The delay before the next start, or null to give up.</returns>
    public TimeSpan? AfterDeath(TimeSpan readyFor)
    {
        _quickDeaths = readyFor >= LongLife ? 1 : _quickDeaths + 1;
        return _quickDeaths >= MaxQuickDeaths ? null : FirstDelay * (1 << (_quickDeaths - 1));
    }

    /// <summary>It was ended, to make room or because that was asked for: a life that was long enough proves as much as one that ended by itself.</summary>
    /// <param name="readyFor">How long it was ready.</param>
    public void AfterEnd(TimeSpan readyFor)
    {
        if (readyFor >= LongLife)
            _quickDeaths = 0;
    }
}
