using System.Text.Json;

namespace Comox.FakeBackend;

/// <summary>The engine's side: <c>/v1/chat/completions</c>, by itself and behind the node agent's proxy path. Its chunks look like llama-server's.</summary>
internal static class FakeEngine
{
    public static void Map(WebApplication app, FakeBackendServer server)
    {
        app.MapPost("/v1/chat/completions", http => ChatAsync(http, server));
        app.MapPost("/node/engines/{engine}/proxy/v1/chat/completions", http => ChatAsync(http, server));
    }

    private static async Task ChatAsync(HttpContext http, FakeBackendServer server)
    {
        using var reader = new StreamReader(http.Request.Body);
        var request = new FakeRequest(http.Connection.Id, http.Request.Path, http.Request.Headers.Authorization, await reader.ReadToEndAsync(http.RequestAborted));
        if (!await server.AuthorizeAsync(http) || await RefuseAsync(http, server, request))
            return;

        var script = server.Script;
        var held = server.Released();
        server.Add(request);
        try
        {
            await new FakeAnswer(http, request, script, held).SendAsync();
        }
        catch (Exception problem) when (problem is OperationCanceledException or IOException)
        {
            // The caller has left; the request says so.
        }
        finally
        {
            if (http.RequestAborted.IsCancellationRequested)
                request.MarkAborted();
            request.MarkEnded();
        }
    }

    /// <summary>What a real engine refuses, and what our own rules forbid: unstreamed requests and requests without a limit run on for nobody.</summary>
    private static async Task<bool> RefuseAsync(HttpContext http, FakeBackendServer server, FakeRequest request)
    {
        var fault = FaultOf(request);
        if (fault is not null)
            await server.RefuseAsync(http, 400, "invalid_request_error", fault);
        return fault is not null;
    }

    private static string? FaultOf(FakeRequest request)
    {
        JsonElement json;
        try
        {
            json = request.Json;
        }
        catch (JsonException problem)
        {
            return $"not JSON: {problem.Message}";
        }

        if (!json.TryGetProperty("messages", out var messages) || messages.ValueKind != JsonValueKind.Array)
            return "'messages' is required";
        if (!json.TryGetProperty("model", out var model) || model.ValueKind != JsonValueKind.String)
            return "'model' is required";
        if (!json.TryGetProperty("stream", out var stream) || stream.ValueKind != JsonValueKind.True)
            return "'stream' must be true";
        if (!json.TryGetProperty("max_tokens", out var limit) || !limit.TryGetInt32(out var tokens) || tokens < 1)
            return "'max_tokens' must be above zero";
        return null;
    }
}
