using Comox.ServiceDefaults;

namespace Comox.Gateway.Backends;

/// <summary>Has every node that <see cref="NodeDirectory"/> knows followed, and those that are no more forgotten.</summary>
internal sealed class NodeWatcher(
    Fleet fleet, NodeDirectory directory, NodeRegistrations registrations, WatchedNodes nodes, IHostApplicationLifetime lifetime, TimeProvider time) : BackgroundService
{
    private static readonly TimeSpan LookAgain = TimeSpan.FromSeconds(2);

    private readonly Dictionary<NodeKey, (CancellationTokenSource Stop, Task Watching)> _watches = [];

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        // Services stop only after the web server, and a web server in the same process waits for these very streams.
        using var stopping = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken, lifetime.ApplicationStopping);
        if (!await lifetime.HasStartedAsync(stopping.Token))
            return;
        try
        {
            while (true)
            {
                var more = registrations.ChangedAsync();
                await FollowAsync(await directory.FindAsync(stopping.Token), stopping.Token);
                foreach (var heard in fleet.Current.Nodes.Where(node => node.Lost is null))
                    registrations.Heard(heard.Address!);
                await Task.WhenAny(more, Task.Delay(LookAgain, time, stopping.Token));
                stopping.Token.ThrowIfCancellationRequested();
            }
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            await Task.WhenAll(_watches.Values.Select(watch => watch.Watching));
        }
    }

    private async Task FollowAsync(IReadOnlyList<KnownNode> known, CancellationToken stopping)
    {
        foreach (var gone in _watches.Keys.Except(known.Where(node => node.Address is not null).Select(node => node.Key)).ToList())
        {
            _watches.Remove(gone, out var watch);
            await watch.Stop.CancelAsync();
            await watch.Watching;
            watch.Stop.Dispose();
        }

        fleet.RemoveAllBut([.. known.Select(node => node.Key)]);
        foreach (var node in known)
        {
            if (node.Address is null)
            {
                nodes.Lose(node, node.Problem!);
            }
            else if (!_watches.ContainsKey(node.Key))
            {
                var stop = CancellationTokenSource.CreateLinkedTokenSource(stopping);
                _watches[node.Key] = (stop, nodes.WatchAsync(node, node.Address, stop.Token));
            }
        }
    }
}
