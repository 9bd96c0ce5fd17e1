namespace Comox.FakeBackend;

/// <summary>The pages on which an engine tells how it is. As strict as the engines are about keys and models.</summary>
internal static class FakePages
{
    public static void Map(WebApplication app, FakeBackendServer server, string at)
    {
        app.MapGet($"{at}/metrics", http => MetricsAsync(http, server));
        app.MapGet($"{at}/slots", http => SlotsAsync(http, server));
    }

    private static async Task MetricsAsync(HttpContext http, FakeBackendServer server)
    {
        server.CountScrape();
        if (!await MayAnswerAsync(http, server))
            return;
        var metrics = server.Metrics;
        if (metrics.FailWithStatus is { } status)
        {
            await RefuseAsync(http, status, "not_supported_error", "This server does not support metrics endpoint. Start it with `--metrics`");
            return;
        }

        http.Response.ContentType = metrics.Engine == FakeMetrics.Vllm ? "text/plain; version=1.0.0; charset=utf-8" : "text/plain; version=0.0.4";
        await http.Response.WriteAsync(metrics.Write(server.InFlight, server.Requests.Count, server.Models[0]), http.RequestAborted);
    }

    private static async Task SlotsAsync(HttpContext http, FakeBackendServer server)
    {
        if (server.Metrics.Engine == FakeMetrics.Vllm)
        {
            await RefuseAsync(http, 404, "not_found_error", "File Not Found");
            return;
        }

        if (!await MayAnswerAsync(http, server))
            return;
        if (server.Metrics.FailSlotsWithStatus is { } status)
        {
            await RefuseAsync(http, status, "not_supported_error", "This server does not support slots endpoint. Start it with `--slots`");
            return;
        }

        http.Response.ContentType = "application/json; charset=utf-8";
        await http.Response.WriteAsync(server.Metrics.WriteSlots(server.InFlight), http.RequestAborted);
    }

    private static async Task<bool> MayAnswerAsync(HttpContext http, FakeBackendServer server)
    {
        if (server.Metrics.NeverAnswers)
        {
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, http.RequestAborted).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            return false;
        }

        // Of vLLM's pages the key guards those under /v1 alone; a node agent guards all.
        var isOpen = server.Metrics.Engine == FakeMetrics.Vllm && !http.Request.Path.StartsWithSegments("/node");
        if (!isOpen && !await server.AuthorizeAsync(http))
            return false;
        if (!server.Metrics.IsRouter)
            return true;

        var model = http.Request.Query["model"].ToString();
        if (model.Length == 0)
            await server.RefuseAsync(http, 400, "invalid_request_error", "model name is missing from the request");
        else if (server.Models.Contains(model))
            return true;
        else if (http.Request.Query["autoload"] == "false")
            await RefuseAsync(http, 400, "invalid_request_error", "model is not loaded");
        else
            await server.RefuseAsync(http, 500, "server_error", $"a question about its load has loaded '{model}'");
        return false;
    }

    // As it may be: a violation is none.
    private static async Task RefuseAsync(HttpContext http, int status, string type, string message)
    {
        http.Response.StatusCode = status;
        await http.Response.WriteAsJsonAsync(new { error = new { code = status, message, type } }, http.RequestAborted);
    }
}
