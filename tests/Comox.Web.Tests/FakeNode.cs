using System.Text;
using System.Text.Json;
using System.Threading.Channels;
using Comox.ServiceDefaults.Contracts.Nodes;
using Microsoft.AspNetCore.Http;

namespace Comox.Web.Tests;

/// <summary>The node agent's event stream: the test sets states, and cuts the line.</summary>
internal sealed class FakeNode
{
    private static readonly TimeSpan Heartbeat = TimeSpan.FromMilliseconds(250);
    private readonly Lock _gate = new();
    private readonly List<Channel<NodeStatus>> _watchers = [];
    private NodeStatus _status = Some.Node();
    private bool _down;

    public EngineLog Log { get; set; } = new(["first line", "last line"]);

    public void Set(NodeStatus status)
    {
        lock (_gate)
        {
            _status = status;
            _watchers.ForEach(watcher => watcher.Writer.TryWrite(status));
        }
    }

    /// <summary>Ends every stream and refuses new ones until <see cref="Restore"/>.</summary>
    public void Drop()
    {
        lock (_gate)
        {
            _down = true;
            _watchers.ForEach(watcher => watcher.Writer.TryComplete());
            _watchers.Clear();
        }
    }

    public void Restore()
    {
        lock (_gate)
            _down = false;
    }

    public async Task ServeEventsAsync(HttpContext context)
    {
        var events = Channel.CreateUnbounded<NodeStatus>();
        lock (_gate)
        {
            if (_down)
            {
                context.Response.StatusCode = 503;
                return;
            }

            events.Writer.TryWrite(_status);
            _watchers.Add(events);
        }

        context.Response.ContentType = "text/event-stream";
        try
        {
            while (true)
            {
                // As often as the real agent: after a second without a word the reader takes the node for lost.
                var changed = events.Reader.WaitToReadAsync(context.RequestAborted).AsTask();
                while (await Task.WhenAny(changed, Task.Delay(Heartbeat, TimeProvider.System, context.RequestAborted)) != changed)
                    await SendAsync(context, ":\n\n");
                if (!await changed || !events.Reader.TryRead(out var status))
                    return;
                await SendAsync(context, $"event: status\ndata: {JsonSerializer.Serialize(status, NodesJson.Default.NodeStatus)}\n\n");
            }
        }
        catch (OperationCanceledException)
        {
            // The console stopped watching.
        }
    }

    private static async Task SendAsync(HttpContext context, string text)
    {
        await context.Response.Body.WriteAsync(Encoding.UTF8.GetBytes(text), context.RequestAborted);
        await context.Response.Body.FlushAsync(context.RequestAborted);
    }
}
