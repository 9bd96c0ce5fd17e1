using System.Text.Json;
using Comox.ServiceDefaults.Contracts.Nodes;

namespace Comox.FakeBackend;

/// <summary>The node agent's side: <c>/node/status</c>, <c>/node/events</c> and <c>/node/engines/{id}/warm</c>.</summary>
public static class FakeNode
{
    public const string Model = "fake-model";
    private static readonly TimeSpan Heartbeat = TimeSpan.FromMilliseconds(100);
    private static readonly DateTimeOffset Start = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);

    /// <summary>A node with one chat engine that is ready.</summary>
    public static NodeStatus Ready(string node = "fake-node", string model = Model) => With(node, Engine(model));

    public static NodeStatus With(string node, params IReadOnlyList<EngineStatus> engines) => new()
    {
        Node = node,
        Revision = 1,
        StartedAt = Start,
        AgentVersion = "0.0-fake",
        Hardware = new NodeHardware { OperatingSystem = "fake" },
        Engines = engines,
    };

    public static EngineStatus Engine(string? model = Model, string state = EngineStates.Ready, string reason = "Ready", string id = "chat") => new()
    {
        Id = id,
        Kind = "llama.cpp",
        State = state,
        Since = Start,
        Reason = reason,
        Role = "chat",
        ProxyPath = $"/node/engines/{id}/proxy",
        Pinned = true,
        Model = model is null ? null : new EngineModel { Name = model, Source = ModelSources.Configured, Profile = PromptProfile.Standard, Notice = $"The model {model}." },
    };

    internal static void Map(WebApplication app, FakeBackendServer server)
    {
        app.MapGet("/node/status", async (HttpContext http) =>
        {
            if (await server.AuthorizeAsync(http))
                await http.Response.WriteAsJsonAsync(server.Status, NodesJson.Default.NodeStatus);
        });
        app.MapPost("/node/engines/{id}/warm", async (HttpContext http, string id) =>
        {
            if (!await server.AuthorizeAsync(http))
                return;
            if (server.RefuseWarming)
            {
                http.Response.StatusCode = 503;
                return;
            }

            if (http.Request.ContentLength > 0 || server.Status.Engines.FirstOrDefault(engine => engine.Id == id) is not { } engine)
            {
                await server.RefuseAsync(http, 404, "not_found_error", $"there is no engine '{id}' to warm, or the hint has a body");
                return;
            }

            server.Warmed.Enqueue(id);
            http.Response.StatusCode = 202;
            var warming = new EngineWarming { State = engine.State, Action = engine.State == EngineStates.Unloaded ? WarmActions.Load : WarmActions.None, EtaSeconds = engine.EtaSeconds };
            await http.Response.WriteAsJsonAsync(warming, NodesJson.Default.EngineWarming);
        });
        app.MapGet("/node/events", async (HttpContext http) =>
        {
            if (server.RefuseWatchers)
            {
                http.Response.StatusCode = 503;
                return;
            }

            if (!await server.AuthorizeAsync(http))
                return;
            // As the real agent: something with every beat, or the reader takes the node for silent.
            http.Response.ContentType = "text/event-stream";
            var changes = server.Watch();
            while (true)
            {
                if (!server.FallsSilent)
                {
                    if (!changes.TryRead(out var status))
                        await SendAsync(http, ":\n\n");
                    else if (status is null)
                        break;
                    else
                        await SendAsync(http, $"event: status\ndata: {JsonSerializer.Serialize(status, NodesJson.Default.NodeStatus)}\n\n");
                }

                var beat = Task.Delay(Heartbeat, TimeProvider.System, http.RequestAborted);
                await (server.FallsSilent ? beat : Task.WhenAny(beat, changes.WaitToReadAsync(http.RequestAborted).AsTask()));
                http.RequestAborted.ThrowIfCancellationRequested();
            }
        });
    }

    private static async Task SendAsync(HttpContext http, string text)
    {
        await http.Response.WriteAsync(text, http.RequestAborted);
        await http.Response.Body.FlushAsync(http.RequestAborted);
    }
}
