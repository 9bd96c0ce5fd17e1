using System.Net.Http.Headers;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace Comox.ServiceDefaults.Clients;

/// <summary>Registers the typed clients. They send the service key and find the other service by its name.</summary>
public static class ServiceClients
{
    /// <summary>The name of an HTTP client for <see cref="MemoryClient"/> without a resilience handler: who asks with it says itself how long to wait.</summary>
    public const string PatientMemory = "MemoryClient.Patient";

    public static void AddMemoryClient(this IHostApplicationBuilder builder)
    {
        builder.Services.AddHttpClient<MemoryClient>((services, http) => Address(services, http, ServiceNames.Memory)).AddControlPlaneResilience();
        builder.Services.AddHttpClient(PatientMemory, (services, http) => Address(services, http, ServiceNames.Memory)).AddServiceDiscovery();
    }

    // No resilience handler on those that stream or compute: it would end a watch or an answer after 10 s.
    public static void AddNodeAgentClient(this IHostApplicationBuilder builder) =>
        builder.Services.AddHttpClient<NodeAgentClient>((services, http) => Address(services, http, ServiceNames.NodeAgent)).AddServiceDiscovery();

    public static void AddGatewayChatClient(this IHostApplicationBuilder builder) =>
        builder.Services.AddHttpClient<GatewayChatClient>((services, http) => Address(services, http, ServiceNames.Gateway)).AddServiceDiscovery();

    // No resilience handler: a model may think for minutes, and the worker that asks has its own patience.
    public static void AddGatewayCompletionClient(this IHostApplicationBuilder builder) =>
        builder.Services.AddHttpClient<GatewayCompletionClient>((services, http) => Address(services, http, ServiceNames.Gateway)).AddServiceDiscovery();

    public static void AddGatewayEmbeddingClient(this IHostApplicationBuilder builder) =>
        builder.Services.AddHttpClient<GatewayEmbeddingClient>((services, http) => Address(services, http, ServiceNames.Gateway)).AddServiceDiscovery();

    // No resilience handler: who asks here asks again by itself, and would rather know soon that nobody answers.
    public static void AddGatewayAdminClient(this IHostApplicationBuilder builder) =>
        builder.Services.AddHttpClient<GatewayAdminClient>((services, http) => Address(services, http, ServiceNames.Gateway)).AddServiceDiscovery();

    /// <summary>What a request to another service is sent with, for clients that are not registered here.</summary>
    public static AuthenticationHeaderValue AuthorizationOf(IServiceProvider services) =>
        new("Bearer", services.GetRequiredService<IOptions<ServiceKeys>>().Value.Service);

    private static void Address(IServiceProvider services, HttpClient http, string service)
    {
        http.BaseAddress = ServiceNames.AddressOf(service);
        http.Timeout = Timeout.InfiniteTimeSpan;
        http.DefaultRequestHeaders.Authorization = AuthorizationOf(services);
    }
}
