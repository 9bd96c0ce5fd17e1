using Comox.Gateway.Backends;
using Comox.Gateway.CircuitBreaking;
using Comox.Gateway.Forwarding;

namespace Comox.Gateway.Fallback;

/// <summary>
/// Attempts until one succeeds. (1) Pool by pool in the route's order; the first round leaves out pools of which most backends are not well, the second takes what there is.
/// (2) Never the same backend twice, never more than the route allows, and every attempt after the first out of the one budget of the gateway. (3) Before the first
/// word everything may be tried again; after it only a continuation, see <see cref="Continuation"/>.
/// </summary>
internal sealed class FallbackStep(RetryBudget budget, ILogger<FallbackStep> logger) : IChatStep
{
    public async ValueTask<ForwardError?> InvokeAsync(Exchange exchange, ChatHandler next)
    {
        budget.CountRequest();
        Continuation.Prepare(exchange);
        ForwardError? last = null;
        foreach (var panic in Rounds)
        {
            exchange.MayPanic = panic;
            foreach (var pool in exchange.Route.Pools)
            {
                exchange.Pool = pool;
                while (true)
                {
                    var error = await next(exchange);
                    if (error is null)
                        return null;
                    if (error.Place == ForwardPlace.Backends)
                    {
                        last ??= error;
                        break; // Nobody here who has not been tried: the next pool.
                    }

                    last = error;
                    if (!MayTryAgain(exchange, error))
                        return error;
                    FallbackLog.TryingAgain(logger, exchange.Id, exchange.Backend.Id, error.Place, error.Error.Status, exchange.Spoken);
                }
            }
        }

        return last;
    }

    private static readonly bool[] Rounds = [false, true];

    /// <summary>Whether somebody else, who is well, could answer what is under way. On any thread: it may have changed by the time it is acted on.</summary>
    public static bool CouldGoElsewhere(Exchange exchange) =>
        IsRepeatable(exchange) && HasAnother(exchange, static backend => backend.IsWell && backend.Circuit.IsAdmissible);

    private bool MayTryAgain(Exchange exchange, ForwardError error)
    {
        if (!CircuitStep.IsBackendsFault(error) && error is not { Place: ForwardPlace.EngineAnswer, Error.Status: StatusCodes.Status404NotFound })
            return false;
        if (!IsRepeatable(exchange) || !HasAnother(exchange, static _ => true))
            return false;
        if (!budget.TryTake())
        {
            FallbackLog.BudgetSpent(logger, exchange.Id);
            return false;
        }

        exchange.IsContinued = exchange.Spoken;
        exchange.BeginAgain();
        return true;
    }

    private static bool IsRepeatable(Exchange exchange) =>
        !exchange.Aborted.IsCancellationRequested && !exchange.Stopped.IsCancellationRequested && exchange.Attempts < exchange.Route.Options.MaxAttempts
        && (!exchange.Spoken || Continuation.IsPossible(exchange));

    private static bool HasAnother(Exchange exchange, Func<Backend, bool> isFit)
    {
        foreach (var pool in exchange.Route.Pools)
        {
            foreach (var backend in pool.Ready)
            {
                if (!exchange.HasTried(backend) && (!exchange.Spoken || BackendKinds.CanContinue(backend.Kind)) && isFit(backend))
                    return true;
            }
        }

        return false;
    }
}
