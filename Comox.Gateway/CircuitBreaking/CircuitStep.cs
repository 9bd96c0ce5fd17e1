using Comox.Gateway.Forwarding;

namespace Comox.Gateway.CircuitBreaking;

/// <summary>Tells the circuit of the backend what came of the attempt. Success is told at the first token, by whoever sees it.</summary>
internal sealed class CircuitStep : IChatStep
{
    public async ValueTask<ForwardError?> InvokeAsync(Exchange exchange, ChatHandler next)
    {
        var error = await next(exchange);
        exchange.Trace[^1].Failed = error;
        if (error is not null && IsBackendsFault(error) && !exchange.Aborted.IsCancellationRequested)
            exchange.Attempt.Failed(error.AskedPause);
        return error;
    }

    /// <summary>A prompt that is too long says nothing about the backend; a silence, a refusal, a status of the five hundreds, a quota or a wrong key do.</summary>
    internal static bool IsBackendsFault(ForwardError error) => error.Place switch
    {
        ForwardPlace.Connect or ForwardPlace.FirstToken => true,
        // In the middle of a stream an engine tells of both kinds, too; a stream that breaks or falls silent has a status of ours above 500.
        ForwardPlace.EngineAnswer or ForwardPlace.EngineStream => error.Error.Status is 401 or 402 or 403 or 408 or 425 or 429 or >= 500,
        _ => false,
    };
}
