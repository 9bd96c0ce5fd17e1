using Comox.ServiceDefaults;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Components;

namespace Comox.Web.SignIn;

/// <summary>Rendered without a circuit: only a plain response can set the cookie.</summary>
public sealed partial class SignInPage : ComponentBase
{
    private string? _problem;

    [CascadingParameter]
    private HttpContext HttpContext { get; set; } = null!;

    [SupplyParameterFromForm(FormName = "sign-in")]
    private string? Key { get; set; }

    [SupplyParameterFromQuery(Name = "return")]
    private string? ReturnUrl { get; set; }

    [Inject]
    private AdminKeyCheck AdminKey { get; set; } = null!;

    [Inject]
    private NavigationManager Navigation { get; set; } = null!;

    [Inject]
    private ILogger<SignInPage> Log { get; set; } = null!;

    private async Task SignInAsync()
    {
        if (!AdminKey.Matches(Key?.Trim() ?? ""))
        {
            WebLog.SignInRefused(Log, HttpContext.Connection.RemoteIpAddress);
            HttpContext.Response.StatusCode = StatusCodes.Status401Unauthorized;
            _problem = "That is not the admin key. Look at what Comox printed when it started, or into the file admin.key of its data folder.";
            return;
        }

        await HttpContext.SignInAsync(
            ConsoleAccess.CookieScheme,
            ConsoleAccess.Owner(ConsoleAccess.CookieScheme, AdminKey.Stamp),
            new AuthenticationProperties { IsPersistent = true });
        Navigation.NavigateTo(IsLocal(ReturnUrl) ? ReturnUrl! : "/");
    }

    /// <summary>A path of this console: not <c>//evil.example</c>, not <c>/\evil.example</c>, which browsers read as another host.</summary>
    internal static bool IsLocal(string? url) => url is ['/'] || (url is ['/', not ('/' or '\\'), ..] && !url.Any(char.IsControl));
}
