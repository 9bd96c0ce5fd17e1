using System.Text.Json;
using Comox.ServiceDefaults.Clients;
using Comox.ServiceDefaults.Contracts.Nodes;

namespace Comox.Web.Fleet;

/// <summary>What is known of the node. <see cref="Status"/> is the last one heard; <see cref="Connected"/> says whether it still holds.</summary>
/// <param name="Status">Null until the node answered for the first time.</param>
/// <param name="Connected">Whether its event stream is open.</param>
/// <param name="Since">When <paramref name="Connected"/> changed.</param>
internal sealed record NodeView(NodeStatus? Status, bool Connected, DateTimeOffset Since)
{
    /// <summary>The node answered before and does not now.</summary>
    public bool IsLost => Status is not null && !Connected;

    /// <summary>The engine that people chat with.</summary>
    public EngineStatus? ChatEngine => NodeAgentClient.ChatEngine(Status);

    /// <summary>Whether this node answers a message, at once or after its model is loaded. Where it does not, another may: see <see cref="Chat.ChatReadiness"/>.</summary>
    public bool CanChat => Connected && ChatEngine is { } engine && NodeAgentClient.TakesRequests(engine);
}

/// <summary>Follows the node's events once for all open pages. The end of the stream is the signal that the node is lost.</summary>
internal sealed class NodeMonitor(IServiceScopeFactory scopes, TimeProvider time, IHostApplicationLifetime lifetime, ILogger<NodeMonitor> log) : BackgroundService
{
    private static readonly TimeSpan AskAgainAfter = TimeSpan.FromMilliseconds(500);

    private NodeView _current = new(null, false, time.GetUtcNow());

    public NodeView Current => Volatile.Read(ref _current);

    /// <summary>Raised on any thread after <see cref="Current"/> changed.</summary>
    public event Action? Changed;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        // In one process with the node agent this stream would keep the server from stopping: let go of it at the first sign.
        using var stopping = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken, lifetime.ApplicationStopping);
        while (!stopping.IsCancellationRequested)
        {
            try
            {
                await FollowOnceAsync(stopping.Token);
                await Task.Delay(AskAgainAfter, time, stopping.Token);
            }
            catch (OperationCanceledException) when (stopping.IsCancellationRequested)
            {
                return;
            }
        }
    }

    // An exception that nobody foresaw would end the host, and with it every chat, for the sake of a status page.
    private async Task FollowOnceAsync(CancellationToken stopping)
    {
        try
        {
            await FollowAsync(stopping);
            Lose("it was closed");
        }
        catch (Exception unforeseen) when (!stopping.IsCancellationRequested)
        {
            WebLog.NodeFollowFailed(log, unforeseen);
        }
    }

    private async Task FollowAsync(CancellationToken stopping)
    {
        try
        {
            await using var scope = scopes.CreateAsyncScope();
            await foreach (var status in scope.ServiceProvider.GetRequiredService<NodeAgentClient>().WatchAsync(cancellation: stopping))
            {
                var before = Current;
                if (!before.Connected)
                    WebLog.NodeFollowed(log, status.Node);
                Set(new NodeView(status, true, before.Connected ? before.Since : time.GetUtcNow()));
            }
        }
        catch (Exception problem) when (!stopping.IsCancellationRequested && problem is HttpRequestException or IOException or OperationCanceledException or JsonException)
        {
            Lose(problem.Message);
        }
    }

    private void Lose(string cause)
    {
        // In one process with the agent, its stream may end before this monitor hears that the host stops: that is no loss.
        var before = Current;
        if (!before.Connected || lifetime.ApplicationStopping.IsCancellationRequested)
            return;
        WebLog.NodeLost(log, before.Status?.Node ?? "", cause);
        Set(before with { Connected = false, Since = time.GetUtcNow() });
    }

    private void Set(NodeView view)
    {
        Volatile.Write(ref _current, view);
        Changed?.Invoke();
    }
}
