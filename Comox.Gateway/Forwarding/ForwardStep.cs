using Comox.Gateway.Diagnostics;

namespace Comox.Gateway.Forwarding;

/// <summary>The last step: sends, pumps, and accounts for what came of it.</summary>
internal sealed class ForwardStep(BackendForwarder forwarder, GatewayTelemetry telemetry) : IChatStep
{
    public async ValueTask<ForwardError?> InvokeAsync(Exchange exchange, ChatHandler next)
    {
        using var measured = telemetry.Start(exchange);
        var error = await forwarder.SendAsync(exchange);
        measured.End(error);
        return error;
    }
}
