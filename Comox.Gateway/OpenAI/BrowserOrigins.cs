using Microsoft.Extensions.Options;
using Microsoft.Net.Http.Headers;

namespace Comox.Gateway.OpenAI;

/// <summary>
/// Lets pages of other origins call <c>/v1</c> from a browser, those that <see cref="GatewayOptions.BrowserOrigins"/> names (CORS, fetch.spec.whatwg.org); each needs a key as everybody else. None
/// by default. Before authentication, because a browser asks first and sends no key with that.
/// </summary>
internal sealed class BrowserOrigins(IOptions<GatewayOptions> options) : IStartupFilter
{
    private const string Any = "*";
    private const string Day = "86400";
    private const string Shown = "X-Comox-Session, X-Comox-Receipt, X-Comox-Route-Trace, x-request-id, Retry-After";

    public Action<IApplicationBuilder> Configure(Action<IApplicationBuilder> next) => app =>
    {
        if (options.Value.BrowserOrigins is { Length: > 0 } allowed)
        {
            var origins = allowed.Select(origin => origin.TrimEnd('/')).ToHashSet(StringComparer.OrdinalIgnoreCase);
            app.Use((http, rest) => Answer(http, origins) ? Task.CompletedTask : rest(http));
        }

        next(app);
    };

    /// <returns>Whether it was a browser's question before the request, which is answered now.</returns>
    private static bool Answer(HttpContext http, HashSet<string> origins)
    {
        var (request, headers) = (http.Request, http.Response.Headers);
        if (!request.Path.StartsWithSegments("/v1") || request.Headers.Origin.ToString() is not { Length: > 0 } origin)
            return false;
        headers.Append(HeaderNames.Vary, HeaderNames.Origin);
        if (!origins.Contains(Any) && !origins.Contains(origin))
            return false;
        headers.AccessControlAllowOrigin = origins.Contains(Any) ? Any : origin;
        headers.AccessControlExposeHeaders = Shown;
        if (!HttpMethods.IsOptions(request.Method) || !request.Headers.ContainsKey(HeaderNames.AccessControlRequestMethod))
            return false;
        headers.AccessControlAllowMethods = "GET, POST";
        headers.AccessControlAllowHeaders = request.Headers.AccessControlRequestHeaders;
        headers.AccessControlMaxAge = Day;
        http.Response.StatusCode = StatusCodes.Status204NoContent;
        return true;
    }
}
