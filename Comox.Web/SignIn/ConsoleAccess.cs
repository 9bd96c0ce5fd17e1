using System.Security.Claims;
using Comox.ServiceDefaults;
using Comox.ServiceDefaults.Contracts.OpenAI;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;

namespace Comox.Web.SignIn;

/// <summary>
/// Who may look at the console: the owner at the machine itself, without a login, and whoever signed in with the admin key. The services' own
/// scheme (keys in headers) stays the default one; the console's endpoints name this policy.
/// </summary>
internal static class ConsoleAccess
{
    public const string Policy = "comox-web";
    public const string CookieScheme = "comox-web";
    public const string OwnerScheme = "comox-web-owner";
    public const string SignInPath = "/sign-in";
    private const string StampClaim = "comox-key-stamp";

    public static void AddConsoleAccess(this IServiceCollection services)
    {
        services.AddAuthentication()
            .AddScheme<AuthenticationSchemeOptions, OwnerHandler>(OwnerScheme, null)
            .AddCookie(CookieScheme, cookie =>
            {
                cookie.Cookie.Name = "comox-web";
                cookie.Cookie.HttpOnly = true;
                cookie.Cookie.SameSite = SameSiteMode.Strict;
                cookie.Cookie.SecurePolicy = CookieSecurePolicy.SameAsRequest;
                cookie.ExpireTimeSpan = TimeSpan.FromDays(30);
                cookie.SlidingExpiration = true;
                cookie.LoginPath = SignInPath;
                cookie.ReturnUrlParameter = "return";
                cookie.Events.OnRedirectToLogin = SendToSignInAsync;
                cookie.Events.OnValidatePrincipal = EndWhenKeyChangedAsync;
            });
        services.AddAuthorizationBuilder().AddPolicy(Policy, policy => policy
            .AddAuthenticationSchemes(OwnerScheme, CookieScheme)
            .RequireAuthenticatedUser());
        services.AddCascadingAuthenticationState();
    }

    /// <summary>The person behind the console, whichever way they came in: one memory for the page and for a client with the admin key.</summary>
    public static ClaimsPrincipal Owner(string scheme, string? stamp = null)
    {
        var identity = new ClaimsIdentity([new(ClaimTypes.Name, ServiceAuthentication.AdminCaller), new(ClaimTypes.Role, ServiceAuthentication.AdminCaller)], scheme);
        if (stamp is not null)
            identity.AddClaim(new(StampClaim, stamp));
        return new ClaimsPrincipal(identity);
    }

    // A page is shown the sign-in; a picture or the page's connection gets an error it can understand.
    private static Task SendToSignInAsync(RedirectContext<CookieAuthenticationOptions> context)
    {
        var request = context.Request;
        if (HttpMethods.IsGet(request.Method) && request.Headers.Accept.ToString().Contains("text/html", StringComparison.OrdinalIgnoreCase))
            context.Response.Redirect(context.RedirectUri);
        else
            return new ApiError(StatusCodes.Status401Unauthorized, ErrorCodes.InvalidApiKey, $"Sign in to the console first, at {SignInPath}.").WriteAsync(context.HttpContext);
        return Task.CompletedTask;
    }

    private static async Task EndWhenKeyChangedAsync(CookieValidatePrincipalContext context)
    {
        if (context.Principal?.FindFirstValue(StampClaim) == context.HttpContext.RequestServices.GetRequiredService<AdminKeyCheck>().Stamp)
            return;
        context.RejectPrincipal();
        await context.HttpContext.SignOutAsync(CookieScheme);
    }
}
