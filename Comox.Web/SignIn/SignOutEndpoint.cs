using Microsoft.AspNetCore.Authentication;

namespace Comox.Web.SignIn;

internal static class SignOutEndpoint
{
    /// <summary><c>POST /sign-out</c>: ends the cookie. SameSite=Strict keeps other sites from sending it, and the worst it can do is to ask for the key again.</summary>
    public static void MapSignOut(this IEndpointRouteBuilder app) =>
        app.MapPost("/sign-out", async (HttpContext context) =>
        {
            await context.SignOutAsync(ConsoleAccess.CookieScheme);
            return Results.LocalRedirect(ConsoleAccess.SignInPath);
        }).RequireAuthorization(ConsoleAccess.Policy).ExcludeFromDescription();
}
