using Comox.ServiceDefaults;

namespace Comox.Web;

public static class WebModule
{
    public static IHostApplicationBuilder AddWeb(this IHostApplicationBuilder builder)
    {
        builder.AddServiceDefaults();
        return builder;
    }

    public static WebApplication MapWeb(this WebApplication app) => app;
}
