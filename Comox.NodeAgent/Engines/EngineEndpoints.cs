using Comox.NodeAgent.Swapping;
using Comox.ServiceDefaults;
using Comox.ServiceDefaults.Contracts.Nodes;
using Comox.ServiceDefaults.Contracts.OpenAI;

namespace Comox.NodeAgent.Engines;

/// <summary><c>/node/engines/{id}/…</c>.</summary>
internal static class EngineEndpoints
{
    public static void MapEngines(this IEndpointRouteBuilder node)
    {
        var engine = node.MapGroup("/engines/{id}");
        engine.MapGet("/log", (string id, EngineRegistry engines) =>
            engines.Find(id) is { } found ? TypedResults.Json(new EngineLog(found.Log.Lines()), NodesJson.Default.EngineLog) : NotFound(id).ToResult());
        engine.MapPost("/restart", (string id, EngineRegistry engines) =>
        {
            if (engines.Find(id) is not { } found)
                return NotFound(id).ToResult();
            found.RequestRestart();
            return TypedResults.StatusCode(StatusCodes.Status202Accepted);
        });
        engine.MapPost("/warm", (string id, EngineRegistry engines, ModelSwapper swapper) => engines.Find(id) is { } found
            ? TypedResults.Json(swapper.Warm(found), NodesJson.Default.EngineWarming, statusCode: StatusCodes.Status202Accepted)
            : NotFound(id).ToResult());
        engine.Map("/proxy/{**path}", (HttpContext context, string id, EngineRegistry engines, EngineProxy proxy) =>
            engines.Find(id) is { } found ? proxy.ForwardAsync(context, found) : NotFound(id).WriteAsync(context));
    }

    private static ApiError NotFound(string id) => new(StatusCodes.Status404NotFound, ErrorCodes.EngineNotFound, $"This node has no engine '{id}'; GET /node/status lists them.");
}
