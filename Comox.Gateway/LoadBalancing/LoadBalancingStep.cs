using Comox.Gateway.Forwarding;

namespace Comox.Gateway.LoadBalancing;

/// <summary>Pool → one backend, by the route's policy.</summary>
internal sealed class LoadBalancingStep(BackendChooser chooser) : IChatStep
{
    public async ValueTask<ForwardError?> InvokeAsync(Exchange exchange, ChatHandler next)
    {
        if (chooser.TryBegin(exchange, exchange.Pool, exchange.MayPanic) is not { } attempt)
            return new ForwardError(ForwardPlace.Backends, exchange.Pool.WhyNotReady());
        exchange.Attempt = attempt;
        try
        {
            return await next(exchange);
        }
        finally
        {
            // Another one than at the beginning, where a hedge was quicker; the slower has ended already.
            exchange.Attempt.Dispose();
        }
    }
}
