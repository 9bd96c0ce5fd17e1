using Comox.Gateway.Admin;
using Comox.Gateway.Anthropic;
using Comox.Gateway.Backends;
using Comox.Gateway.CircuitBreaking;
using Comox.Gateway.CircuitBreaking.Stalls;
using Comox.Gateway.Diagnostics;
using Comox.Gateway.Fallback;
using Comox.Gateway.Forwarding;
using Comox.Gateway.LoadBalancing;
using Comox.Gateway.OpenAI;
using Comox.Gateway.Recall;
using Comox.Gateway.Routing;
using Comox.ServiceDefaults;
using Comox.ServiceDefaults.Clients;
using Microsoft.Extensions.Options;

namespace Comox.Gateway;

/// <summary>The gateway: OpenAI's API in front of the fleet, under <c>/v1</c>, and its own under <c>/gateway</c>.</summary>
public static class GatewayModule
{
    public static IHostApplicationBuilder AddGateway(this IHostApplicationBuilder builder)
    {
        builder.AddServiceDefaults();
        builder.AddMemoryClient();
        builder.AddNodeAgentClient();

        var services = builder.Services;
        services.AddSingleton<IValidateOptions<GatewayOptions>, GatewayOptionsValidator>();
        services.AddSingleton<IErrorDialect, AnthropicErrors.OnTheirPaths>();
        services.AddOptions<GatewayOptions>().BindConfiguration(GatewayOptions.Section).ValidateOnStart();

        services.AddSingleton(provider => ServiceClients.AuthorizationOf(provider)).AddSingleton<BackendFactory>();
        services.AddSingleton<Fleet>().AddSingleton<NodeConnector>().AddSingleton<NodeRegistrations>().AddSingleton<NodeDirectory>().AddSingleton<WatchedNodes>().AddHostedService<NodeWatcher>();
        services.AddHostedService<StallWatch>();
        services.AddRouteTable();
        services.AddSingleton<Drain>().AddSingleton<OutboxWriter>().AddSingleton<ReplyHandover>().AddHostedService(provider => provider.GetRequiredService<ReplyHandover>());
        services.AddHostedService<GracefulStop>().AddSingleton<IPostConfigureOptions<HostOptions>, HostPatience>();
        services.AddForwarding();
        services.AddGatewayDiagnostics();

        services.AddSingleton<ChatPipeline>();
        services.AddSingleton<RoutingStep>().AddSingleton<RecallStep>().AddSingleton<FallbackStep>().AddSingleton<LoadBalancingStep>().AddSingleton<CircuitStep>().AddSingleton<ForwardStep>();
        services.AddSingleton<InferenceEndpoint>().AddSingleton<ModelsEndpoint>().AddSingleton<IStartupFilter, BrowserOrigins>();

        services.AddGatewayAdmin();
        services.AddHealthChecks().AddCheck<OutboxHealthCheck>(OutboxHealthCheck.Name).AddCheck<DrainHealthCheck>(DrainHealthCheck.Name);
        return builder;
    }

    public static WebApplication MapGateway(this WebApplication app)
    {
        var v1 = app.MapGroup("/v1").RequireAuthorization(ServiceAuthentication.AnyCaller);
        v1.MapPost("/chat/completions", http => Endpoint<InferenceEndpoint>(http).InvokeAsync(http, RequestApi.Chat));
        v1.MapPost("/completions", http => Endpoint<InferenceEndpoint>(http).InvokeAsync(http, RequestApi.Completions));
        v1.MapPost("/embeddings", http => Endpoint<InferenceEndpoint>(http).InvokeAsync(http, RequestApi.Embeddings));
        v1.MapPost("/responses", http => Endpoint<InferenceEndpoint>(http).ResponsesAsync(http));
        v1.MapPost("/messages", http => Endpoint<InferenceEndpoint>(http).MessagesAsync(http));
        v1.MapGet("/models", http => Endpoint<ModelsEndpoint>(http).ListAsync(http));
        v1.MapGet("/models/{**id}", http => Endpoint<ModelsEndpoint>(http).GetAsync(http));
        v1.Map("/{**path}", UnknownPathEndpoint.InvokeAsync);
        app.MapGatewayAdmin();
        app.MapGatewayMetrics();
        return app;
    }

    // Not resolved while mapping: that would read the options before the host validates all of them and tells every fault at once.
    private static T Endpoint<T>(HttpContext http)
        where T : notnull => http.RequestServices.GetRequiredService<T>();
}
