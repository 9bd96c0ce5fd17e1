using Comox.ServiceDefaults;
using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.Options;
using Microsoft.Net.Http.Headers;

namespace Comox.Gateway.Diagnostics.Prometheus;

/// <summary><c>GET /metrics</c>: what has been measured, for Prometheus. Reads memory alone; no engine and no node hears of a scrape.</summary>
internal sealed class MetricsEndpoint(MetricStore store, ProcessMetrics process, IOptions<MetricsOptions> options)
{
    public async Task InvokeAsync(HttpContext http)
    {
        // Here and not at the route: the setting is read when the host has validated all of them.
        if (!options.Value.Anonymous)
        {
            var caller = await http.AuthenticateAsync(ServiceAuthentication.Scheme);
            if (!caller.Succeeded)
            {
                await http.ChallengeAsync(ServiceAuthentication.Scheme);
                return;
            }

            // What others ask for, and who they are, is no caller's business.
            if (caller.Principal.IsInRole(ServiceAuthentication.CallerRole))
            {
                await http.ForbidAsync(ServiceAuthentication.Scheme);
                return;
            }
        }

        var openMetrics = WantsOpenMetrics(http.Request);
        var page = new PrometheusWriter(openMetrics);
        foreach (var (family, series) in store.Read())
            page.Write(family, series);
        process.Write(page);

        var body = page.End();
        http.Response.ContentType = openMetrics ? PrometheusWriter.OpenMetricsType : PrometheusWriter.PrometheusType;
        http.Response.ContentLength = body.Length;
        http.Response.Headers.CacheControl = "no-store";
        await http.Response.BodyWriter.WriteAsync(body, http.RequestAborted);
    }

    // "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.3,*/*;q=0.1"
    private static bool WantsOpenMetrics(HttpRequest request)
    {
        if (!MediaTypeHeaderValue.TryParseList(request.Headers.Accept, out var accepted))
            return false;
        var (open, text) = (0.0, 0.0);
        foreach (var type in accepted)
        {
            if (type.MediaType.Equals("application/openmetrics-text", StringComparison.OrdinalIgnoreCase) && IsOurVersion(type))
                open = Math.Max(open, type.Quality ?? 1);
            else if (type.MediaType.Equals("text/plain", StringComparison.OrdinalIgnoreCase))
                text = Math.Max(text, type.Quality ?? 1);
        }

        return open > text;
    }

    private static bool IsOurVersion(MediaTypeHeaderValue type) =>
        type.Parameters.FirstOrDefault(parameter => parameter.Name.Equals("version", StringComparison.OrdinalIgnoreCase)) is not { } version
        || version.Value.Equals("1.0.0", StringComparison.Ordinal);
}
