using Microsoft.Extensions.Hosting;

namespace Comox.ServiceDefaults;

public static class HostStart
{
    /// <summary>
    /// Waits until the host has started. Background work that calls another service begins here: in one process that other service listens only once
    /// all have started, and a call before that fails for nothing.
    /// </summary>
    /// <returns>False when it was cancelled before.</returns>
    public static async Task<bool> HasStartedAsync(this IHostApplicationLifetime lifetime, CancellationToken cancellation)
    {
        var started = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var registration = lifetime.ApplicationStarted.Register(() => started.TrySetResult());
        await started.Task.WaitAsync(cancellation).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return started.Task.IsCompletedSuccessfully;
    }
}
