using Comox.ServiceDefaults.Clients;
using Comox.Web.SignIn;
using Microsoft.Net.Http.Headers;

namespace Comox.Web.Characters;

internal static class AvatarEndpoint
{
    // Pictures come out of cards, so from strangers: what a browser would run (SVG) is offered as a download at most.
    private static readonly HashSet<string> Pictures = new(StringComparer.OrdinalIgnoreCase) { "image/png", "image/jpeg", "image/webp", "image/gif", "image/avif" };

    /// <summary><c>GET /characters/{slug}/avatar?v=1</c>: the browser has no key for the memory service, so the console fetches for it.</summary>
    public static void MapAvatars(this IEndpointRouteBuilder app) =>
        app.MapGet("/characters/{slug}/avatar", async (string slug, HttpContext context, MemoryClient memory) =>
        {
            var avatar = await memory.GetAvatarAsync(slug, context.RequestAborted);
            if (!avatar.IsSuccess)
                return avatar.Error.ToResult();

            var headers = context.Response.GetTypedHeaders();
            // With a version the address changes with the picture; without one, ask again each time.
            headers.CacheControl = new CacheControlHeaderValue { Private = true, MaxAge = context.Request.Query.ContainsKey("v") ? TimeSpan.FromDays(7) : TimeSpan.Zero };
            context.Response.Headers.XContentTypeOptions = "nosniff";
            context.Response.Headers.ContentSecurityPolicy = "default-src 'none'; sandbox";
            var (bytes, type) = avatar.Value;
            return Results.Bytes(bytes, Pictures.Contains(type) ? type : "application/octet-stream");
        }).RequireAuthorization(ConsoleAccess.Policy).ExcludeFromDescription();
}
