using System.Text.Json;
using Comox.ServiceDefaults.Contracts.Nodes;
using Microsoft.AspNetCore.Http.Features;

namespace Comox.NodeAgent.Health;

/// <summary><c>GET /node/status</c> and <c>GET /node/events</c>.</summary>
internal static class NodeEndpoints
{
    private static readonly TimeSpan Heartbeat = TimeSpan.FromSeconds(1);

    public static void MapNode(this IEndpointRouteBuilder node)
    {
        node.MapGet("/status", (NodeStatusBoard board) => TypedResults.Json(board.Current, NodesJson.Default.NodeStatus));
        node.MapGet("/events", WatchAsync);
    }

    /// <summary>
    /// <code>
    /// event: status
    /// data: {"node":"box-1","revision":7,…}
    ///
    /// :                       ← every second without a change, so that a lost node is noticed within about one
    /// </code>
    /// </summary>
    private static async Task WatchAsync(HttpContext context, NodeStatusBoard board, IHostApplicationLifetime host, TimeProvider time)
    {
        using var ends = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, host.ApplicationStopping);
        var stop = ends.Token;
        var response = context.Response;
        response.ContentType = "text/event-stream";
        response.Headers.CacheControl = "no-store";
        response.Headers["X-Accel-Buffering"] = "no";
        context.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();
        await using var changes = board.WatchAsync(stop).GetAsyncEnumerator(stop);
        var next = changes.MoveNextAsync().AsTask();
        try
        {
            while (true)
            {
                using (var pause = CancellationTokenSource.CreateLinkedTokenSource(stop))
                {
                    if (await Task.WhenAny(next, Task.Delay(Heartbeat, time, pause.Token)) != next)
                    {
                        stop.ThrowIfCancellationRequested();
                        await response.Body.WriteAsync(":\n\n"u8.ToArray(), stop);
                        await response.Body.FlushAsync(stop);
                        continue;
                    }

                    await pause.CancelAsync();
                }

                if (!await next)
                    return;
                await response.Body.WriteAsync(Event(changes.Current), stop);
                await response.Body.FlushAsync(stop);
                next = changes.MoveNextAsync().AsTask();
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // The reader left, or the agent stops: for the reader the end is the message.
        }
        finally
        {
            // An enumerator that is still moving refuses to be disposed.
            await ends.CancelAsync();
            await ((Task)next).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private static byte[] Event(NodeStatus status) =>
        [.. "event: status\ndata: "u8, .. JsonSerializer.SerializeToUtf8Bytes(status, NodesJson.Default.NodeStatus), .. "\n\n"u8];
}
