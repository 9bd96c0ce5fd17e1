using System.Net;
using System.Net.Sockets;
using Comox.ServiceDefaults;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;

namespace Comox.AllInOne;

/// <summary>
/// Sets what Aspire would have injected: the addresses of the four services, which here are all this process.
/// The typed clients, their JSON and their keys stay the same as between machines.
/// </summary>
internal static class SelfAddresses
{
    private static readonly string[] Services = [ServiceNames.Gateway, ServiceNames.Memory, ServiceNames.NodeAgent, ServiceNames.Web];

    public static void AddSelfAddresses(this WebApplicationBuilder builder, string defaultUrl)
    {
        var configured = builder.Configuration[WebHostDefaults.ServerUrlsKey] is { Length: > 0 } urls ? urls : defaultUrl;
        string[] addresses = [.. configured.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Select(WithPort)];
        // A certificate is for a name that people know, and not for 127.0.0.1: where they are answered over TLS alone, the services have a port of their own.
        var own = Array.Find(addresses, address => address.StartsWith("http://", StringComparison.OrdinalIgnoreCase)) ?? WithPort("http://127.0.0.1:0");
        builder.WebHost.UseUrls([.. addresses.Union([own], StringComparer.Ordinal)]);
        builder.Configuration.AddInMemoryCollection(
            Services.Select(service => new KeyValuePair<string, string?>($"services:{service}:http:0", Callable(own))));
    }

    /// <summary>The first address the server listens on.</summary>
    public static string Listening(IServiceProvider services) =>
        services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();

    /// <summary><c>http://*:8080</c>, <c>http://0.0.0.0:8080</c> and <c>http://localhost:8080</c> are all called at 127.0.0.1.</summary>
    internal static string Callable(string listening)
    {
        var address = BindingAddress.Parse(listening);
        var host = address.Host is "*" or "+" or "0.0.0.0" or "[::]" or "localhost" ? "127.0.0.1" : address.Host;
        return $"{address.Scheme}://{host}:{address.Port}";
    }

    // The services ask for each other while they start, so a port of 0 is settled before the server would choose one.
    private static string WithPort(string url)
    {
        if (!url.StartsWith("http://", StringComparison.OrdinalIgnoreCase) && !url.StartsWith("https://", StringComparison.OrdinalIgnoreCase))
            throw new StartupProblem($"The address '{url}' is not one a server can listen on.", "Write it as in --urls http://localhost:8080");
        if (!Uri.TryCreate(url, UriKind.Absolute, out var address) || address.Port != 0)
            return url;
        using var probe = new TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        return $"{address.Scheme}://{address.Host}:{((IPEndPoint)probe.LocalEndpoint).Port}";
    }
}
