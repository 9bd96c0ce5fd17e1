using System.Net;
using System.Text.Json;
using Comox.ServiceDefaults;
using Microsoft.Extensions.Options;

namespace Comox.Gateway.Backends;

/// <summary>
/// Follows the event stream of every configured node agent and keeps <see cref="Fleet"/> true. The end of a stream is the signal that
/// the node is lost: its engines get no request until it answers again.
/// </summary>
internal sealed class NodeWatcher(
    Fleet fleet, NodeConnector nodes, IHostApplicationLifetime lifetime, IOptions<GatewayOptions> options, TimeProvider time, ILogger<NodeWatcher> logger) : BackgroundService
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(5);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        // Services stop only after the web server, and a web server in the same process waits for this very stream.
        using var stopping = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken, lifetime.ApplicationStopping);
        if (!await lifetime.HasStartedAsync(stopping.Token))
            return;
        Uri[] configured = options.Value.Nodes is { Length: > 0 } named
            ? [.. named.Select(address => new Uri(address))]
            : [ServiceNames.AddressOf(ServiceNames.NodeAgent)];
        await Task.WhenAll(configured.Select((address, index) => WatchAsync(index, address, stopping.Token)));
    }

    private async Task WatchAsync(int index, Uri configured, CancellationToken cancellation)
    {
        var pause = FirstPause;
        string? told = null;
        while (!cancellation.IsCancellationRequested)
        {
            string reason;
            try
            {
                var address = await nodes.ResolveAsync(configured, cancellation);
                var heard = false;
                await foreach (var status in nodes.ClientFor(address).WatchAsync(cancellation))
                {
                    fleet.Update(index, _ => new NodeView(address, status, Lost: null));
                    if (!heard)
                        BackendsLog.NodeFound(logger, status.Node, address);
                    heard = true;
                    told = "";
                    pause = FirstPause;
                }

                reason = $"the event stream of {configured} ended";
            }
            catch (Exception problem) when (problem is HttpRequestException or IOException or JsonException or InvalidOperationException or OperationCanceledException)
            {
                reason = Describe(configured, problem);
            }

            // Whoever stops closes the stream too, perhaps before the token has told us: the node is not lost, and chats in flight go on.
            if (cancellation.IsCancellationRequested || lifetime.ApplicationStopping.IsCancellationRequested)
                return;
            fleet.Update(index, view => view with { Lost = reason });
            if (reason != told)
                BackendsLog.NodeLost(logger, told = reason);
            await Task.Delay(pause, time, cancellation).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            pause = pause * 2 < LongestPause ? pause * 2 : LongestPause;
        }
    }

    private static string Describe(Uri node, Exception problem) => problem switch
    {
        HttpRequestException { StatusCode: HttpStatusCode.Unauthorized } =>
            $"the node agent at {node} refuses the service key; {ServiceAuthentication.ServiceKeySetting} must be the same on both",
        HttpRequestException { StatusCode: { } status } => $"the node agent at {node} answered {(int)status}",
        HttpRequestException { HttpRequestError: HttpRequestError.NameResolutionError } => $"the name of the node agent {node} is not known",
        JsonException => $"the node agent at {node} sent a status that cannot be read",
        _ => $"the node agent at {node} cannot be reached",
    };
}
