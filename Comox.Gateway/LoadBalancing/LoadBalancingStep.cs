using Comox.Gateway.Forwarding;

namespace Comox.Gateway.LoadBalancing;

/// <summary>Pool → one backend, by the route's policy.</summary>
internal sealed class LoadBalancingStep(BackendChooser chooser, Affinity affinity) : IChatStep
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
            Correct(exchange);
            // Another one than at the beginning, where a hedge was quicker; the slower has ended already.
            exchange.Attempt.Dispose();
        }
    }

    /// <summary>What the engine says its cache held, against what was predicted of it. A continuation's count is of another prompt.</summary>
    private void Correct(Exchange exchange)
    {
        if (exchange.IsContinued || exchange.Reply.CachedTokens is not { } actual)
            return;
        exchange.Attempt.Cached(actual);
        affinity.Answered(exchange.Backend.Load, exchange.Shape.ToRequest(adapter: null), exchange.Attempt.Why.CachedTokens, actual);
    }
}
