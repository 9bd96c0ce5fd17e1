using Comox.Gateway.Warming;

namespace Comox.Gateway.Admin;

/// <summary>What operators and other services of ours ask and tell the gateway, under <c>/gateway</c>. A caller's key does not open it.</summary>
internal static class AdminModule
{
    public const string Prefix = "/gateway";

    public static void AddGatewayAdmin(this IServiceCollection services) =>
        services.AddSingleton<AdminEndpoint>().AddSingleton<StatusReport>().AddSingleton<LedgerReport>().AddSingleton<TrafficReport>().AddSingleton<RouteReport>().AddSingleton<NodesEndpoint>()
            .AddSingleton<ModelWarmer>().AddSingleton<WarmEndpoint>();

    public static void MapGatewayAdmin(this WebApplication app)
    {
        // The default policy: the admin key or the service key.
        var admin = app.MapGroup(Prefix).RequireAuthorization();
        admin.MapGet("/status", http => Endpoint(http).StatusAsync(http));
        admin.MapGet("/routes", http => Endpoint(http).RoutesAsync(http));
        admin.MapGet("/keys", http => Endpoint(http).KeysAsync(http));
        admin.MapGet("/nodes", http => http.RequestServices.GetRequiredService<NodesEndpoint>().ListAsync(http));
        admin.MapPost("/nodes", http => http.RequestServices.GetRequiredService<NodesEndpoint>().RegisterAsync(http));
        admin.MapPost("/warm", http => http.RequestServices.GetRequiredService<WarmEndpoint>().InvokeAsync(http));
        admin.MapPost("/reload", http => Endpoint(http).ReloadAsync(http));
        admin.MapGet("/openapi.json", OpenApiDocument.InvokeAsync);
    }

    private static AdminEndpoint Endpoint(HttpContext http) => http.RequestServices.GetRequiredService<AdminEndpoint>();
}
