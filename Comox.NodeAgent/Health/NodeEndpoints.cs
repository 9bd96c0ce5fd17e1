using System.Text.Json;
using Comox.ServiceDefaults.Contracts.Nodes;
using Microsoft.AspNetCore.Http.Features;

namespace Comox.NodeAgent.Health;

/// <summary><c>GET /node/status</c> and <c>GET /node/events</c>.</summary>
internal static class NodeEndpoints
{
    private static readonly TimeSpan Beat = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan ShortestBeat = TimeSpan.FromMilliseconds(50);

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
    /// :                       ← every 250 ms without a change, or as often as beat says: its absence is how a lost node is noticed
    /// </code>
    /// </summary>
    private static async Task WatchAsync(HttpContext context, int? beat, NodeStatusBoard board, IHostApplicationLifetime host, TimeProvider time)
    {
        var pause = TimeSpan.FromMilliseconds(Math.Clamp(beat ?? Beat.TotalMilliseconds, ShortestBeat.TotalMilliseconds, Beat.TotalMilliseconds));
        using var ends = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, host.ApplicationStopping);
        var stop = ends.Token;
        var response = context.Response;
        response.ContentType = "text/event-stream";
        response.Headers.CacheControl = "no-store";
        response.Headers["X-Accel-Buffering"] = "no";
        context.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();
        await using var changes = board.WatchAsync(stop).GetAsyncEnumerator(stop);
        using var beats = new PeriodicTimer(pause, time);
        var next = changes.MoveNextAsync().AsTask();
        var tick = beats.WaitForNextTickAsync(stop).AsTask();
        try
        {
            while (true)
            {
                if (await Task.WhenAny(next, tick) == next)
                {
                    if (!await next)
                        return;
                    await response.Body.WriteAsync(Event(changes.Current), stop);
                    next = changes.MoveNextAsync().AsTask();
                }
                else
                {
                    await tick;
                    await response.Body.WriteAsync(Comment, stop);
                    tick = beats.WaitForNextTickAsync(stop).AsTask();
                }

                await response.Body.FlushAsync(stop);
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

    private static readonly ReadOnlyMemory<byte> Comment = ":\n\n"u8.ToArray();

    private static byte[] Event(NodeStatus status) =>
        [.. "event: status\ndata: "u8, .. JsonSerializer.SerializeToUtf8Bytes(status, NodesJson.Default.NodeStatus), .. "\n\n"u8];
}
