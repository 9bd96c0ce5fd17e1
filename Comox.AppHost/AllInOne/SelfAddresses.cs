using Comox.ServiceDefaults;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http.Features;

namespace Comox.AllInOne;

/// <summary>
/// Sets what Aspire would have injected: the addresses of the four services, which here are all this process.
/// The typed clients, their JSON and their keys stay the same as between machines.
/// </summary>
internal static class SelfAddresses
{
    public static void AddSelfAddresses(this WebApplicationBuilder builder)
    {
        var configured = builder.Configuration[WebHostDefaults.ServerUrlsKey] ?? builder.WebHost.GetSetting(WebHostDefaults.ServerUrlsKey)!;
        Set(builder.Configuration, configured.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)[0]);
    }

    /// <summary>A port of 0 is only known once the server listens.</summary>
    public static void UseSelfAddresses(this WebApplication app) =>
        app.Lifetime.ApplicationStarted.Register(() => Set(app.Configuration, Listening(app.Services)));

    /// <summary>The first address the server listens on, as this machine can call it.</summary>
    public static string Listening(IServiceProvider services) =>
        services.GetRequiredService<IServer>().Features.GetRequiredFeature<IServerAddressesFeature>().Addresses.First();

    private static void Set(IConfiguration configuration, string listening)
    {
        var address = Callable(listening);
        foreach (var service in (string[])[ServiceNames.Gateway, ServiceNames.Memory, ServiceNames.NodeAgent, ServiceNames.Web])
            configuration[$"services:{service}:http:0"] = address;
        (configuration as IConfigurationRoot)?.Reload();
    }

    /// <summary><c>http://*:8080</c>, <c>http://0.0.0.0:8080</c> and <c>http://localhost:8080</c> are all called at 127.0.0.1.</summary>
    internal static string Callable(string listening)
    {
        var address = BindingAddress.Parse(listening);
        var host = address.Host is "*" or "+" or "0.0.0.0" or "[::]" or "localhost" ? "127.0.0.1" : address.Host;
        return $"{address.Scheme}://{host}:{address.Port}";
    }
}
