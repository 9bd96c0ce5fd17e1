using System.Text.Json;
using Comox.ServiceDefaults.Contracts.Nodes;

namespace Comox.FakeBackend;

/// <summary>The node agent's side: <c>/node/status</c> and <c>/node/events</c>.</summary>
public static class FakeNode
{
    public const string Model = "fake-model";
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
        Model = model is null ? null : new EngineModel { Name = model, Source = ModelSources.Configured, Profile = PromptProfile.Standard, Notice = $"The model {model}." },
    };

    internal static void Map(WebApplication app, FakeBackendServer server)
    {
        app.MapGet("/node/status", async (HttpContext http) =>
        {
            if (await server.AuthorizeAsync(http))
                await http.Response.WriteAsJsonAsync(server.Status, NodesJson.Default.NodeStatus);
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
            http.Response.ContentType = "text/event-stream";
            await foreach (var status in server.Watch().ReadAllAsync(http.RequestAborted))
            {
                if (status is null)
                    break;
                await http.Response.WriteAsync($"event: status\ndata: {JsonSerializer.Serialize(status, NodesJson.Default.NodeStatus)}\n\n", http.RequestAborted);
                await http.Response.Body.FlushAsync(http.RequestAborted);
            }
        });
    }
}
