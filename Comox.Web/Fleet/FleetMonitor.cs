using Comox.ServiceDefaults.Clients;

namespace Comox.Web.Fleet;

/// <summary>
/// Asks the gateway for its nodes, once for all open pages that look (the fleet page; a chat page while <see cref="NodeMonitor"/>'s node cannot chat) and only while
/// there are any: without one it waits for a signal and costs nothing.
/// <see cref="NodeMonitor"/> stays beside it, because every page shows the state of the node that people chat with, and shows it sooner.
/// </summary>
internal sealed class FleetMonitor(IServiceScopeFactory scopes, TimeProvider time, IHostApplicationLifetime lifetime, ILogger<FleetMonitor> log) : BackgroundService
{
    public static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(750);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);

    /// <summary>Who comes back after this long is shown nothing until the gateway has answered: no figures from an hour ago.</summary>
    private static readonly TimeSpan Stale = TimeSpan.FromSeconds(5);

    private readonly Lock _gate = new();
    private readonly List<Action> _watchers = [];
    private TaskCompletionSource _watched = NewSignal();
    private FleetView _current = FleetView.None;

    public FleetView Current => Volatile.Read(ref _current);

    /// <summary>Has the gateway asked until the result is disposed of.</summary>
    /// <param name="changed">Called on any thread after <see cref="Current"/> changed.</param>
    public IDisposable Watch(Action changed)
    {
        lock (_gate)
        {
            if (_watchers.Count == 0 && time.GetUtcNow() - Current.HeardAt > Stale)
                Volatile.Write(ref _current, FleetView.None);
            _watchers.Add(changed);
            _watched.TrySetResult();
        }

        return new Watching(this, changed);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        // As the node monitor: in one process with the gateway, a request of ours would keep the server from stopping.
        using var stopping = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken, lifetime.ApplicationStopping);
        try
        {
            while (true)
            {
                await WatchedAsync().WaitAsync(stopping.Token);
                await AskOnceAsync(stopping.Token);
                await Task.Delay(Pause, time, stopping.Token);
            }
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // The host stops.
        }
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private Task WatchedAsync()
    {
        lock (_gate)
            return _watched.Task;
    }

    // An exception that nobody foresaw would end the host, and with it every chat, for the sake of a status page.
    private async Task AskOnceAsync(CancellationToken stopping)
    {
        try
        {
            Set(await AskAsync(stopping));
        }
        catch (Exception unforeseen) when (!stopping.IsCancellationRequested)
        {
            WebLog.FleetNotAsked(log, unforeseen);
        }
    }

    private async Task<FleetView> AskAsync(CancellationToken stopping)
    {
        using var patience = new CancellationTokenSource(Patience, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, stopping);
        try
        {
            await using var scope = scopes.CreateAsyncScope();
            var gateway = scope.ServiceProvider.GetRequiredService<GatewayAdminClient>();
            var asked = (Nodes: gateway.GetNodesAsync(either.Token), Routes: gateway.GetRoutesAsync(either.Token));
            await Task.WhenAll(asked.Nodes, asked.Routes);
            var (nodes, routes) = (await asked.Nodes, await asked.Routes);
            return nodes.IsSuccess ? Current.Next(nodes.Value, routes.Value, time.GetUtcNow()) : Current with { Problem = nodes.Error!.Message };
        }
        catch (OperationCanceledException) when (!stopping.IsCancellationRequested)
        {
            return Current with { Problem = $"The gateway does not answer within {Patience.TotalSeconds:0} s. Look at its log and at /health." };
        }
    }

    private void Set(FleetView view)
    {
        Action[] watchers;
        lock (_gate)
        {
            Volatile.Write(ref _current, view);
            watchers = [.. _watchers];
        }

        foreach (var watcher in watchers)
            watcher();
    }

    private void End(Action changed)
    {
        lock (_gate)
        {
            if (_watchers.Remove(changed) && _watchers.Count == 0)
                _watched = NewSignal();
        }
    }

    private sealed class Watching(FleetMonitor monitor, Action changed) : IDisposable
    {
        public void Dispose() => monitor.End(changed);
    }
}
