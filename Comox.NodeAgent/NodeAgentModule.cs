using Comox.ServiceDefaults;

namespace Comox.NodeAgent;

public static class NodeAgentModule
{
    public static IHostApplicationBuilder AddNodeAgent(this IHostApplicationBuilder builder)
    {
        builder.AddServiceDefaults();
        return builder;
    }

    public static WebApplication MapNodeAgent(this WebApplication app) => app;
}
