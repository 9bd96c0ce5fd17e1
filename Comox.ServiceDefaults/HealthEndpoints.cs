using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Diagnostics.HealthChecks;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;

namespace Comox.ServiceDefaults;

/// <summary>
/// <c>/health</c> (ready to serve: every check) and <c>/alive</c> (the process answers: checks tagged <see cref="LiveTag"/>).
/// Mapped in every environment, because Kubernetes probes run in Production; open to all, because a probe has no key.
/// The body is one word and tells a stranger nothing.
/// </summary>
public static class HealthEndpoints
{
    public const string ReadyPath = "/health";
    public const string AlivePath = "/alive";
    public const string LiveTag = "live";

    /// <summary>Where a service that can be scraped is scraped.</summary>
    public const string MetricsPath = "/metrics";

    internal static void AddHealthEndpoints(this IHostApplicationBuilder builder) =>
        builder.Services.AddHealthChecks().AddCheck("self", () => HealthCheckResult.Healthy(), [LiveTag]);

    public static IEndpointRouteBuilder MapHealthEndpoints(this IEndpointRouteBuilder app)
    {
        app.MapHealthChecks(ReadyPath).AllowAnonymous();
        app.MapHealthChecks(AlivePath, new HealthCheckOptions { Predicate = check => check.Tags.Contains(LiveTag) }).AllowAnonymous();
        return app;
    }

    internal static bool IsProbe(PathString path) => path == ReadyPath || path == AlivePath || path == MetricsPath;
}
