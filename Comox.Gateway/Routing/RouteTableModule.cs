using System.Diagnostics.CodeAnalysis;
using Comox.Gateway.CircuitBreaking;
using Comox.Gateway.CircuitBreaking.Stalls;
using Comox.Gateway.Fallback;
using Comox.Gateway.LoadBalancing;
using Comox.ServiceDefaults;
using Microsoft.Extensions.Options;

namespace Comox.Gateway.Routing;

/// <summary>Where requests can go, and what is remembered of where they went.</summary>
internal static class RouteTableModule
{
    public static void AddRouteTable(this IServiceCollection services)
    {
        services.AddOptions<LoadOptions>().BindConfiguration($"{GatewayOptions.Section}:Load").ValidateOnStart();
        services.AddOptions<SessionTableOptions>().BindConfiguration($"{GatewayOptions.Section}:Sessions").ValidateOnStart();
        services.AddOptions<PrefixIndexOptions>().BindConfiguration($"{GatewayOptions.Section}:Prefixes").ValidateOnStart();
        services.AddOptions<CircuitOptions>().BindConfiguration($"{GatewayOptions.Section}:Circuit").ValidateOnStart();
        services.AddOptions<OutlierOptions>().BindConfiguration($"{GatewayOptions.Section}:Outliers").ValidateOnStart();
        services.AddOptions<StallOptions>().BindConfiguration($"{GatewayOptions.Section}:Stalls").ValidateOnStart();
        services.AddOptions<RetryBudgetOptions>().BindConfiguration($"{GatewayOptions.Section}:RetryBudget").ValidateOnStart();
        Check<LoadOptions>(services, "Load", static (options, at) => options.Faults(at));
        Check<SessionTableOptions>(services, "Sessions", static (options, at) => options.Faults(at));
        Check<PrefixIndexOptions>(services, "Prefixes", static (options, at) => options.Faults(at));
        Check<CircuitOptions>(services, "Circuit", static (options, at) => options.Faults(at));
        Check<OutlierOptions>(services, "Outliers", static (options, at) => options.Faults(at));
        Check<StallOptions>(services, "Stalls", static (options, at) => options.Faults(at));
        Check<RetryBudgetOptions>(services, "RetryBudget", static (options, at) => options.Faults(at));

        services.AddOptions<UnknownSettings.AtStart>().ValidateOnStart();
        services.AddSingleton<IValidateOptions<UnknownSettings.AtStart>, UnknownSettings>();

        services.AddSingleton(provider => new Dice((ulong)provider.GetRequiredService<TimeProvider>().GetTimestamp()));
        services.AddSingleton(provider => new BackendLoads(OptionsOf<LoadOptions>(provider), provider.GetRequiredService<TimeProvider>()));
        services.AddSingleton(provider => new BackendCircuits(OptionsOf<CircuitOptions>(provider), provider.GetRequiredService<Dice>(), provider.GetRequiredService<TimeProvider>()));
        services.AddSingleton(provider => new Affinity(
            new SessionTable(OptionsOf<SessionTableOptions>(provider), provider.GetRequiredService<TimeProvider>()),
            new PrefixIndex(OptionsOf<PrefixIndexOptions>(provider), provider.GetRequiredService<TimeProvider>())));
        services.AddSingleton(provider => new RetryBudget(OptionsOf<RetryBudgetOptions>(provider), provider.GetRequiredService<TimeProvider>()));
        services.AddSingleton<BackendChooser>().AddSingleton<LiveSettings>().AddSingleton<RouteTable>();
        services.AddSingleton<ICallerDirectory, ConfiguredCallers>();
        services.AddSingleton<EngineProbe>().AddSingleton<TelemetryScraper>().AddHostedService(provider => provider.GetRequiredService<TelemetryScraper>());
        services.AddHostedService<StartWithSettings>();
    }

    private static T OptionsOf<[DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicParameterlessConstructor)] T>(IServiceProvider provider)
        where T : class => provider.GetRequiredService<IOptions<T>>().Value;

    private static void Check<[DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicParameterlessConstructor)] T>(IServiceCollection services, string name, Func<T, string, IEnumerable<string>> faults)
        where T : class => services.AddSingleton<IValidateOptions<T>>(new Faults<T>($"{GatewayOptions.Section}:{name}", faults));

    private sealed class Faults<[DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicParameterlessConstructor)] T>(string section, Func<T, string, IEnumerable<string>> faults) : IValidateOptions<T>
        where T : class
    {
        public ValidateOptionsResult Validate(string? name, T options)
        {
            string[] found = [.. faults(options, section)];
            return found.Length == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(found);
        }
    }

    private sealed class ConfiguredCallers(LiveSettings settings) : ICallerDirectory
    {
        public string? CallerOf(string key) => settings.Current.Keys.CallerOf(key);
    }

    /// <summary>Faults of the routes keep the host from starting, and are not found out by the first request.</summary>
    private sealed class StartWithSettings(RouteTable table) : IHostedService
    {
        public Task StartAsync(CancellationToken cancellationToken)
        {
            GC.KeepAlive(table);
            return Task.CompletedTask;
        }

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
