using System.Diagnostics;

namespace Comox.TestKit;

/// <summary>Waits for something that is only seen from outside (another process, a file) and gives no signal. Where there is a signal, await that.</summary>
public static class Eventually
{
    // Only so that it ends some day: a busy machine may take its time.
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(10);

    public static Task IsTrueAsync(Func<bool> condition, string what) => IsTrueAsync(() => Task.FromResult(condition()), what);

    public static async Task IsTrueAsync(Func<Task<bool>> condition, string what)
    {
        for (var watch = Stopwatch.StartNew(); !await condition(); await Task.Delay(Pause, TimeProvider.System))
        {
            if (watch.Elapsed > Limit)
                throw new TimeoutException($"Not within {Limit.TotalSeconds:0} s: {what}.");
        }
    }
}
