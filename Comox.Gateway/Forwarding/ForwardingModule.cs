using Comox.Gateway.Forwarding.Sockets;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Options;

namespace Comox.Gateway.Forwarding;

/// <summary>What carries bytes between clients and backends.</summary>
internal static class ForwardingModule
{
    public static void AddForwarding(this IServiceCollection services)
    {
        services.AddOptions<RelayOptions>().BindConfiguration(RelayOptions.Section).ValidateOnStart();
        services.AddSingleton<IValidateOptions<RelayOptions>, RelayOptionsValidator>();
        services.AddSingleton<SocketLoops>().AddSingleton<HostAddresses>();
        services.AddSingleton<IConnectionListenerFactory, LoopTransport>();
        services.AddSingleton<SocketEngineConnector>().AddSingleton<HttpEngineConnector>().AddSingleton<EngineConnectors>();
        services.AddSingleton<RelayGauge>().AddSingleton<AnswerOpener>().AddSingleton<Hedge>().AddSingleton<LoadNews>().AddSingleton<BackendForwarder>();
    }
}
