using System.Net;
using System.Text.Json;
using Comox.Gateway.CircuitBreaking.Stalls;
using Comox.ServiceDefaults;
using Comox.ServiceDefaults.Clients;

namespace Comox.Gateway.Backends;

/// <summary>
/// Follows the event streams of node agents and keeps <see cref="Fleet"/> true. The end of a stream is the signal that the node is lost: its engines get no request until it
/// answers again. Its silence is not: it may be that only the events have stopped, so that is <see cref="StallWatch"/>'s to weigh until it has lasted for <see cref="Forgotten"/>.
/// </summary>
internal sealed class WatchedNodes(Fleet fleet, NodeConnector nodes, IHostApplicationLifetime lifetime, TimeProvider time, ILogger<WatchedNodes> logger)
{
    /// <summary>After this long without a word a node counts as lost.</summary>
    private static readonly TimeSpan Forgotten = TimeSpan.FromSeconds(10);

    /// <summary>How often a node is asked to be heard: three of these missing are silence worth acting on.</summary>
    private static readonly TimeSpan Beat = TimeSpan.FromMilliseconds(100);

    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(2);

    public async Task WatchAsync(KnownNode node, Uri address, CancellationToken cancellation)
    {
        var pause = FirstPause;
        var pulse = new NodePulse(time);
        while (!cancellation.IsCancellationRequested)
        {
            string reason;
            try
            {
                await foreach (var status in nodes.ClientFor(address).WatchAsync(Beat, pulse.Heard, cancellation))
                {
                    if (fleet.Tell(node.Key, new NodeView(address, status, Lost: null) { Pulse = pulse, Source = node.Source }))
                        BackendsLog.NodeFound(logger, status.Node, address);
                    pause = FirstPause;
                }

                reason = $"the event stream of {address} ended";
            }
            catch (Exception problem) when (problem is HttpRequestException or IOException or JsonException or InvalidOperationException or OperationCanceledException)
            {
                // Silent, but not for long: asked again at once, because where only the events had stopped they come again.
                if (problem is NodeSilentException && pulse.Silence(time.GetTimestamp()) < Forgotten)
                    continue;
                reason = Describe(address, problem);
            }

            // Whoever stops closes the stream too, perhaps before the token has told us: the node is not lost, and chats in flight go on.
            if (cancellation.IsCancellationRequested || lifetime.ApplicationStopping.IsCancellationRequested)
                return;
            pulse.Lost();
            Lose(node, reason);
            await Task.Delay(pause, time, cancellation).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            pause = pause * 2 < LongestPause ? pause * 2 : LongestPause;
        }
    }

    public void Lose(KnownNode node, string reason)
    {
        if (fleet.Lose(node.Key, node.Source, reason))
            BackendsLog.NodeLost(logger, reason);
    }

    private static string Describe(Uri node, Exception problem) => problem switch
    {
        HttpRequestException { StatusCode: HttpStatusCode.Unauthorized } =>
            $"the node agent at {node} refuses the service key; {ServiceAuthentication.ServiceKeySetting} must be the same on both",
        HttpRequestException { StatusCode: { } status } => $"the node agent at {node} answered {(int)status}",
        HttpRequestException { HttpRequestError: HttpRequestError.NameResolutionError } => $"the name of the node agent {node} is not known",
        NodeSilentException => $"the node agent at {node} has been silent for {Forgotten.TotalSeconds:0} s",
        JsonException => $"the node agent at {node} sent a status that cannot be read",
        _ => $"the node agent at {node} cannot be reached",
    };
}
