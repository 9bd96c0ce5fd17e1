using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;

namespace Comox.ServiceDefaults;

/// <summary>What every process of Comox has, whichever modules it hosts. Safe to add more than once.</summary>
public static class ServiceDefaultsModule
{
    public static IHostApplicationBuilder AddServiceDefaults(this IHostApplicationBuilder builder)
    {
        if (builder.Services.Any(service => service.ServiceType == typeof(AddedMarker)))
            return builder;

        builder.Services.AddSingleton<AddedMarker>();
        builder.Services.TryAddSingleton(TimeProvider.System);
        builder.Services.AddServiceDiscovery();
        builder.AddTelemetry();
        builder.AddHealthEndpoints();
        builder.AddServiceAuthentication();
        builder.AddComoxHome();
        return builder;
    }

    private sealed class AddedMarker;
}
