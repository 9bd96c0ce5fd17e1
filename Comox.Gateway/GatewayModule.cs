using Comox.ServiceDefaults;

namespace Comox.Gateway;

public static class GatewayModule
{
    public static IHostApplicationBuilder AddGateway(this IHostApplicationBuilder builder)
    {
        builder.AddServiceDefaults();
        return builder;
    }

    public static WebApplication MapGateway(this WebApplication app) => app;
}
