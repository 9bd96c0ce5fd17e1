using Comox.Web.SignIn;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Authorization.Policy;
using Microsoft.AspNetCore.Components.Endpoints;

namespace Comox.Web.Layout;

/// <summary>
/// Shows the not-found page for addresses of the console that do not exist, and leaves the other services' paths alone: in one process with them a
/// wrong <c>/v1/…</c> stays their 404 or 405. So it is not a route that matches everything: such a route takes part in the choice on every path, and
/// turns each 405 of the others into a 404.
/// </summary>
internal static class ConsolePaths
{
    private static readonly HashSet<string> Foreign = new(StringComparer.OrdinalIgnoreCase)
    {
        "v1", "gateway", "memory", "node", "mcp", "health", "alive", "_blazor", "_framework", "_content",
    };

    public static void UseNotFoundPage(this WebApplication app)
    {
        var page = new Lazy<Endpoint>(() => app.Services.GetRequiredService<EndpointDataSource>().Endpoints
            .First(endpoint => endpoint.Metadata.GetMetadata<ComponentTypeMetadata>()?.Type == typeof(NotFoundPage)));
        app.Use((context, next) => context.GetEndpoint() is null && AsksForAPage(context.Request) ? ShowAsync(context, page.Value) : next(context));
    }

    private static bool AsksForAPage(HttpRequest request) =>
        (HttpMethods.IsGet(request.Method) || HttpMethods.IsHead(request.Method))
        && !Foreign.Contains(request.Path.ToString().TrimStart('/').Split('/', 2)[0])
        && request.Headers.Accept.ToString().Contains("text/html", StringComparison.OrdinalIgnoreCase);

    // Authorization ran before, and had no endpoint to look at: whoever may not see the console may not see this page of it either.
    private static async Task ShowAsync(HttpContext context, Endpoint page)
    {
        var services = context.RequestServices;
        var policy = (await services.GetRequiredService<IAuthorizationPolicyProvider>().GetPolicyAsync(ConsoleAccess.Policy))!;
        var evaluator = services.GetRequiredService<IPolicyEvaluator>();
        var who = await evaluator.AuthenticateAsync(policy, context);
        var may = await evaluator.AuthorizeAsync(policy, who, context, context);
        context.SetEndpoint(page);
        await services.GetRequiredService<IAuthorizationMiddlewareResultHandler>().HandleAsync(page.RequestDelegate!, context, policy, may);
    }
}
