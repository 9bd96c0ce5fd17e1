using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Comox.NodeAgent.Tests;

/// <summary>A server of the tests' own on real Kestrel.</summary>
internal sealed class LocalServer : IAsyncDisposable
{
    private readonly WebApplication _app;

    private LocalServer(WebApplication app) => _app = app;

    public Uri Address => new(_app.Urls.First());

    public static async Task<LocalServer> StartAsync(RequestDelegate answer)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        app.Run(answer);
        await app.StartAsync();
        return new LocalServer(app);
    }

    /// <summary>Sends a file as a hub's storage does: with ranges, and cut after <paramref name="atMost"/> bytes by the end of the connection.</summary>
    public static async Task SendAsync(HttpContext context, byte[] file, int atMost = int.MaxValue)
    {
        var range = context.Request.GetTypedHeaders().Range?.Ranges.Single().From ?? 0;
        if (range >= file.Length)
        {
            context.Response.StatusCode = StatusCodes.Status416RangeNotSatisfiable;
            return;
        }

        var rest = file.AsMemory((int)range);
        context.Response.StatusCode = range > 0 ? StatusCodes.Status206PartialContent : StatusCodes.Status200OK;
        if (range > 0)
            context.Response.Headers.ContentRange = $"bytes {range}-{file.Length - 1}/{file.Length}";
        context.Response.ContentLength = rest.Length;
        await context.Response.Body.WriteAsync(rest[..Math.Min(atMost, rest.Length)]);
        await context.Response.Body.FlushAsync();

        // Having promised more, Kestrel closes the connection here. An abort would be a reset, which takes what the client has not read yet with it.
    }

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync();
        await _app.DisposeAsync();
    }
}
