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

        services.AddSingleton<Fleet>().AddSingleton<NodeAddress>().AddHostedService<NodeWatcher>();
        services.AddSingleton<OutboxWriter>().AddSingleton<ReplyHandover>().AddHostedService(provider => provider.GetRequiredService<ReplyHandover>());
        services.AddSingleton<EngineClient>().AddSingleton<BackendForwarder>().AddSingleton<GatewayTelemetry>();

        services.AddSingleton<ChatPipeline>();
        services.AddSingleton<RoutingStep>().AddSingleton<RecallStep>().AddSingleton<LoadBalancingStep>().AddSingleton<ForwardStep>();
        services.AddSingleton<ChatCompletionsEndpoint>().AddSingleton<ModelsEndpoint>();

        services.AddHealthChecks().AddCheck<OutboxHealthCheck>(OutboxHealthCheck.Name);
        return builder;
    }

    public static WebApplication MapGateway(this WebApplication app)
    {
        var chat = app.Services.GetRequiredService<ChatCompletionsEndpoint>();
        var models = app.Services.GetRequiredService<ModelsEndpoint>();

        var v1 = app.MapGroup("/v1").RequireAuthorization();
        v1.MapPost("/chat/completions", chat.InvokeAsync);
        v1.MapGet("/models", models.ListAsync);
        v1.MapGet("/models/{**id}", models.GetAsync);
        v1.Map("/{**path}", UnknownPathEndpoint.InvokeAsync);
        return app;
    }
}
