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

        using var secondGiven = new CancellationTokenSource();
        var second = opener.OpenAsync(exchange, attempt, secondGiven.Token).AsTask();
        var quicker = await Task.WhenAny(first, second);
        // A quick failure is no answer: then the other one is waited for.
        if ((await quicker).Answer is null)
            quicker = quicker == first ? second : first;
        var opening = await quicker;

        var (loser, given) = quicker == first ? (second, secondGiven) : (first, firstGiven);
        if (opening.Answer is null && !loser.IsCompletedSuccessfully)
            return await loser;
        await given.CancelAsync();
        if ((await loser).Answer is { } late)
            await late.DisposeAsync();
        if (quicker == first)
        {
            attempt.Dispose();
            return opening;
        }

        exchange.Attempt.Dispose();
        exchange.Attempt = attempt;
        return opening;
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
