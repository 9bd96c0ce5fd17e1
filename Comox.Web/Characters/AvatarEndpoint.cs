using System.Globalization;
using Comox.ServiceDefaults.Clients;
using Comox.ServiceDefaults.Contracts.Memory;
using Comox.Web.SignIn;
using Microsoft.Net.Http.Headers;

namespace Comox.Web.Characters;

internal static class AvatarEndpoint
{
    // Pictures come out of cards, so from strangers: what a browser would run (SVG) is offered as a download at most.
    private static readonly HashSet<string> Pictures = new(StringComparer.OrdinalIgnoreCase) { "image/png", "image/jpeg", "image/webp", "image/gif", "image/avif" };

    /// <summary>
    /// Names the picture in use, null where there is none. Not by the version alone: a character that was deleted leaves its slug to another, whose versions count
    /// from 1 again.
    /// </summary>
    public static string? PictureOf(CharacterSummary? character) =>
        character is { HasAvatar: true } ? string.Create(CultureInfo.InvariantCulture, $"{character.Id}-{character.IdentityVersion}") : null;

    /// <summary><c>GET /characters/{slug}/avatar?v=chr_…-1</c>: the browser has no key for the memory service, so the console fetches for it.</summary>
    public static void MapAvatars(this IEndpointRouteBuilder app) =>
        app.MapGet("/characters/{slug}/avatar", async (string slug, HttpContext context, MemoryClient memory) =>
        {
            var mayBeKept = await IsInUseAsync(context.Request.Query["v"], slug, memory, context.RequestAborted);
            var avatar = await memory.GetAvatarAsync(slug, context.RequestAborted);
            if (!avatar.IsSuccess)
                return avatar.Error.ToResult();

            var headers = context.Response.GetTypedHeaders();
            // The address of the picture in use changes with it. Any other gets the one in use, too, and has to ask again each time.
            headers.CacheControl = new CacheControlHeaderValue { Private = true, MaxAge = mayBeKept ? TimeSpan.FromDays(7) : TimeSpan.Zero };
            context.Response.Headers.XContentTypeOptions = "nosniff";
            context.Response.Headers.ContentSecurityPolicy = "default-src 'none'; sandbox";
            var (bytes, type) = avatar.Value;
            return Results.Bytes(bytes, Pictures.Contains(type) ? type : "application/octet-stream");
        }).RequireAuthorization(ConsoleAccess.Policy).ExcludeFromDescription();

    private static async Task<bool> IsInUseAsync(string? picture, string slug, MemoryClient memory, CancellationToken cancellation) =>
        !string.IsNullOrEmpty(picture) && await memory.GetCharacterAsync(slug, cancellation) is { IsSuccess: true } found && PictureOf(found.Value) == picture;
}
