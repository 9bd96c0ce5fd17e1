using Microsoft.AspNetCore.Routing.Patterns;

namespace Comox.Web.Layout;

/// <summary>
/// The page for addresses that do not exist is a route that matches everything. In a process with the other services it must leave their paths
/// alone, so that a wrong <c>/v1/…</c> stays their 404 or 405 and never becomes a page or a sign-in.
/// </summary>
internal sealed class ConsolePaths : IRouteConstraint
{
    private static readonly HashSet<string> Foreign = new(StringComparer.OrdinalIgnoreCase)
    {
        "v1", "gateway", "memory", "node", "mcp", "health", "alive", "_blazor", "_framework", "_content",
    };

    public static bool Contains(string? path) => !Foreign.Contains((path ?? "").TrimStart('/').Split('/', 2)[0]);

    public bool Match(HttpContext? httpContext, IRouter? route, string routeKey, RouteValueDictionary values, RouteDirection routeDirection) =>
        Contains(values[routeKey] as string);
}

internal static class ConsolePathsConvention
{
    public static RazorComponentsEndpointConventionBuilder KeepToConsolePaths(this RazorComponentsEndpointConventionBuilder components)
    {
        components.Add(endpoint =>
        {
            if (endpoint is not RouteEndpointBuilder { RoutePattern.RawText: { } raw } page || raw.TrimStart('/') != NotFoundPage.Everything.TrimStart('/'))
                return;
            page.RoutePattern = RoutePatternFactory.Parse(raw, defaults: null, parameterPolicies: new { path = new ConsolePaths() });
            page.Order = int.MaxValue;
        });
        return components;
    }
}
