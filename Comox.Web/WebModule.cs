using Comox.ServiceDefaults;
using Comox.ServiceDefaults.Clients;
using Comox.Web.Characters;
using Comox.Web.Chat;
using Comox.Web.Fleet;
using Comox.Web.Layout;
using Comox.Web.SignIn;
using MudBlazor.Services;

namespace Comox.Web;

public static class WebModule
{
    /// <summary>A message of the longest length, and its escapes, in one SignalR frame.</summary>
    private const int MaxFrameBytes = 512 * 1024;

    public static IHostApplicationBuilder AddWeb(this IHostApplicationBuilder builder)
    {
        builder.AddServiceDefaults();
        builder.AddGatewayChatClient();
        builder.AddGatewayAdminClient();
        builder.AddMemoryClient();
        builder.AddNodeAgentClient();

        var assets = new WebAssets(builder.Environment);
        builder.Services.AddSingleton(assets);
        builder.Services.AddWebOptions();
        builder.Services.AddConsoleKeys();
        builder.Services.AddConsoleAccess();
        builder.Services.AddRazorComponents()
            .AddInteractiveServerComponents()
            .AddHubOptions(hub => hub.MaximumReceiveMessageSize = MaxFrameBytes);
        builder.Services.AddMudServices();

        builder.Services.AddSingleton<PageHandover>();
        builder.Services.AddSingleton<RepliesInProgress>();
        builder.Services.AddTransient<ModelWarmUp>();
        builder.Services.AddSingleton<NodeMonitor>();
        builder.Services.AddHostedService(services => services.GetRequiredService<NodeMonitor>());
        builder.Services.AddSingleton<FleetMonitor>();
        builder.Services.AddHostedService(services => services.GetRequiredService<FleetMonitor>());
        builder.Services.AddSingleton<EngineLogs>();
        return builder;
    }

    public static WebApplication MapWeb(this WebApplication app)
    {
        var manifest = app.Services.GetRequiredService<WebAssets>().EndpointsManifest;
        app.UseAntiforgery();
        app.MapStaticAssets(manifest);
        app.MapRazorComponents<App>()
            .AddInteractiveServerRenderMode()
            .WithStaticAssets(manifest)
            .RequireAuthorization(ConsoleAccess.Policy);
        app.MapAvatars();
        app.MapSignOut();
        app.UseNotFoundPage();
        return app;
    }
}
