using Comox.Gateway.Backends;
using Comox.Gateway.Diagnostics;
using Comox.Gateway.Forwarding;
using Comox.Gateway.LoadBalancing;
using Comox.Gateway.OpenAI;
using Comox.Gateway.Recall;
using Comox.Gateway.Routing;
using Comox.ServiceDefaults;
using Comox.ServiceDefaults.Clients;
using Microsoft.Extensions.Options;

namespace Comox.Gateway;

/// <summary>The gateway: OpenAI's API in front of the fleet, under <c>/v1</c>.</summary>
public static class GatewayModule
{
    public static IHostApplicationBuilder AddGateway(this IHostApplicationBuilder builder)
    {
        builder.AddServiceDefaults();
        builder.AddMemoryClient();
        builder.AddNodeAgentClient();

        var services = builder.Services;
        services.AddSingleton<IValidateOptions<GatewayOptions>, GatewayOptionsValidator>();
        services.AddOptions<GatewayOptions>().BindConfiguration(GatewayOptions.Section).ValidateOnStart();

        services.AddSingleton(provider => new Fleet(ServiceClients.AuthorizationOf(provider))).AddSingleton<NodeConnector>().AddHostedService<NodeWatcher>();
        services.AddSingleton<Drain>().AddSingleton<OutboxWriter>().AddSingleton<ReplyHandover>().AddHostedService(provider => provider.GetRequiredService<ReplyHandover>());
        services.AddForwarding();
        services.AddGatewayDiagnostics();

        services.AddSingleton<ChatPipeline>();
        services.AddSingleton<RoutingStep>().AddSingleton<RecallStep>().AddSingleton<LoadBalancingStep>().AddSingleton<ForwardStep>();
        services.AddSingleton<ChatCompletionsEndpoint>().AddSingleton<ModelsEndpoint>();

        services.AddHealthChecks().AddCheck<OutboxHealthCheck>(OutboxHealthCheck.Name);
        return builder;
    }

    public static WebApplication MapGateway(this WebApplication app)
    {
        var v1 = app.MapGroup("/v1").RequireAuthorization();
        v1.MapPost("/chat/completions", http => Endpoint<ChatCompletionsEndpoint>(http).InvokeAsync(http));
        v1.MapGet("/models", http => Endpoint<ModelsEndpoint>(http).ListAsync(http));
        v1.MapGet("/models/{**id}", http => Endpoint<ModelsEndpoint>(http).GetAsync(http));
        v1.Map("/{**path}", UnknownPathEndpoint.InvokeAsync);
        app.MapGatewayMetrics();
        return app;
    }

    // Not resolved while mapping: that would read the options before the host validates all of them and tells every fault at once.
    private static T Endpoint<T>(HttpContext http)
        where T : notnull => http.RequestServices.GetRequiredService<T>();
}
