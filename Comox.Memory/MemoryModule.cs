using Comox.ServiceDefaults;

namespace Comox.Memory;

public static class MemoryModule
{
    public static IHostApplicationBuilder AddMemory(this IHostApplicationBuilder builder)
    {
        builder.AddServiceDefaults();
        return builder;
    }

    public static WebApplication MapMemory(this WebApplication app) => app;
}
