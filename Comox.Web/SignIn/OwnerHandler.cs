using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.Options;

namespace Comox.Web.SignIn;

/// <summary>Recognises the owner at the machine itself; see <see cref="LocalRequest"/>.</summary>
internal sealed class OwnerHandler(IOptionsMonitor<AuthenticationSchemeOptions> options, ILoggerFactory logger, UrlEncoder encoder, IOptions<WebOptions> web)
    : AuthenticationHandler<AuthenticationSchemeOptions>(options, logger, encoder)
{
    protected override Task<AuthenticateResult> HandleAuthenticateAsync() => Task.FromResult(web.Value.TrustLoopback && LocalRequest.IsFromTheOwner(Context)
        ? AuthenticateResult.Success(new AuthenticationTicket(ConsoleAccess.Owner(Scheme.Name), Scheme.Name))
        : AuthenticateResult.NoResult());

    // The cookie scheme answers for both: it knows where the sign-in page is.
    protected override Task HandleChallengeAsync(AuthenticationProperties properties) => Task.CompletedTask;

    protected override Task HandleForbiddenAsync(AuthenticationProperties properties) => Task.CompletedTask;
}
