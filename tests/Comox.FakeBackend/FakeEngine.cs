namespace Comox.FakeBackend;

/// <summary>The engine's side, by itself and behind the node agent's proxy path.</summary>
internal static class FakeEngine
{
    private const string Proxied = "/node/engines/{engine}/proxy";

    public static void Map(WebApplication app, FakeBackendServer server)
    {
        foreach (var at in (string[])["", Proxied])
        {
            app.MapPost($"{at}/v1/chat/completions", http => AnswerAsync(http, server, FakeChat.Api));
            app.MapPost($"{at}/v1/completions", http => AnswerAsync(http, server, FakeText.Api));
            app.MapPost($"{at}/v1/embeddings", http => AnswerAsync(http, server, FakeEmbeddings.Api));
            app.MapPost($"{at}/v1/messages", http => AnswerAsync(http, server, FakeMessages.Api));
            app.MapPost($"{at}/v1/responses", http => AnswerAsync(http, server, FakeResponses.Api));
            app.MapGet($"{at}/v1/models", http => ModelsAsync(http, server));
            FakePages.Map(app, server, at);
        }
    }

    private static async Task AnswerAsync(HttpContext http, FakeBackendServer server, FakeApi api)
    {
        using var reader = new StreamReader(http.Request.Body);
        var request = new FakeRequest(
            http.Connection.Id, http.Request.Path, http.Request.Headers.Authorization, await reader.ReadToEndAsync(http.RequestAborted),
            http.Request.Headers.ToDictionary(header => header.Key, header => header.Value.ToString(), StringComparer.OrdinalIgnoreCase));
        if (!await server.AuthorizeAsync(http, api.IsAnthropic) || await RefuseAsync(http, server, api, request))
            return;

        var script = server.ScriptFor(request);
        var held = server.Released();
        server.Add(request);
        try
        {
            await new FakeAnswer(http, api, request, script, held).SendAsync();
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

    private static async Task<bool> RefuseAsync(HttpContext http, FakeBackendServer server, FakeApi api, FakeRequest request)
    {
        var fault = api.FaultOf(server, request);
        if (fault is not null)
            await server.RefuseAsync(http, 400, "invalid_request_error", fault, api.IsAnthropic);
        return fault is not null;
    }

    private static async Task ModelsAsync(HttpContext http, FakeBackendServer server)
    {
        if (!await server.AuthorizeAsync(http))
            return;
        var cards = server.Models.Select(model => $$"""{"id":{{FakeJson.Quote(model)}},"object":"model","created":1795419634,"owned_by":"fake"}""");
        http.Response.ContentType = "application/json";
        await http.Response.WriteAsync($$"""{"object":"list","data":[{{string.Join(',', cards)}}]}""", http.RequestAborted);
    }
}
