namespace Comox.FakeBackend;

/// <summary>Remote control for a fake that runs as a process of its own.</summary>
internal static class FakeControl
{
    public static void Map(WebApplication app, FakeBackendServer server)
    {
        app.MapPost("/_fake/script", (FakeScript script) =>
        {
            server.Script = script;
            return Results.NoContent();
        });
        app.MapPost("/_fake/release", () =>
        {
            server.Release();
            return Results.NoContent();
        });
        app.MapGet("/_fake/requests", () => server.Requests.Select(request => new
        {
            request.Path,
            request.Body,
            Aborted = request.Aborted.IsCompleted,
            Ended = request.Ended.IsCompleted,
        }));
        app.MapGet("/_fake/violations", () => server.Violations);
    }
}
