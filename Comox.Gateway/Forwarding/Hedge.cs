using Comox.Gateway.CircuitBreaking;
using Comox.Gateway.Fallback;
using Comox.Gateway.LoadBalancing;

namespace Comox.Gateway.Forwarding;

/// <summary>
/// Asks a second backend when the first keeps silent for longer than the route's patience. The first token wins; the loser is cancelled at once, which is how its
/// engine hears of it, and is in nobody's account. A second attempt comes out of the same budget as a retry.
/// </summary>
internal sealed class Hedge(AnswerOpener opener, BackendChooser chooser, RetryBudget budget, TimeProvider time)
{
    public async ValueTask<Opening> OpenAsync(Exchange exchange, TimeSpan patience)
    {
        using var firstGiven = new CancellationTokenSource();
        var first = opener.OpenAsync(exchange, exchange.Attempt, firstGiven.Token).AsTask();
        using (var waiting = new CancellationTokenSource())
        {
            var silence = Task.Delay(patience, time, waiting.Token);
            if (await Task.WhenAny(first, silence) == first)
            {
                await waiting.CancelAsync();
                return await first;
            }
        }

        if (Second(exchange) is not { } attempt)
            return await first;

        var adopted = false;
        try
        {
            using var secondGiven = new CancellationTokenSource();
            var second = opener.OpenAsync(exchange, attempt, secondGiven.Token).AsTask();
            var isFirst = await Task.WhenAny(first, second) == first;
            // A quick failure is no answer: then the other one is waited for.
            if ((await (isFirst ? first : second)).Answer is null)
                isFirst = !isFirst;
            var opening = await (isFirst ? first : second);

            var (loser, asked, given) = isFirst ? (second, attempt, secondGiven) : (first, exchange.Attempt, firstGiven);
            var failed = loser.IsCompletedSuccessfully;
            await given.CancelAsync();
            var lost = await loser;
            if (lost.Answer is { } late)
                await late.DisposeAsync();
            else if (failed && lost.Error is { } error)
                Tell(exchange, asked, error);
            if (!isFirst)
            {
                exchange.Attempt.Dispose();
                exchange.Attempt = attempt;
                exchange.Reply.Watch?.AnswersInstead();
                adopted = true;
            }

            return opening;
        }
        finally
        {
            if (!adopted)
                attempt.Dispose();
        }
    }

    // What became of the other one is told by the steps before.
    private static void Tell(Exchange exchange, Attempt asked, ForwardError error)
    {
        if (asked == exchange.Attempt)
            exchange.Trace[^1].Failed = error;
        if (CircuitStep.IsBackendsFault(error) && !exchange.Aborted.IsCancellationRequested)
            asked.Failed(error.AskedPause);
    }

    private Attempt? Second(Exchange exchange)
    {
        foreach (var pool in exchange.Route.Pools)
        {
            if (exchange.Attempts >= exchange.Route.Options.MaxAttempts || budget.Left == 0)
                return null;
            if (chooser.TryBegin(exchange, pool, panic: false) is not { } attempt)
                continue;
            if (budget.TryTake())
                return attempt;
            attempt.Dispose();
            return null;
        }

        return null;
    }
}
