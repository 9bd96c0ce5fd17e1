using Comox.Gateway.Fallback;
using Microsoft.Extensions.Time.Testing;

namespace Comox.Gateway.Tests.Fallback;

public sealed class RetryBudgetTests
{
    private readonly FakeTimeProvider _time = new();

    [Fact]
    public void A_fifth_of_the_requests_and_a_few_more_may_be_tried_again()
    {
        var budget = new RetryBudget(new RetryBudgetOptions(), _time);
        Assert.Equal(30, budget.Left);
        for (var request = 0; request < 1000; request++)
            budget.CountRequest();

        Assert.Equal(230, budget.Left);
        Assert.Equal(230, Taken(budget, 500));
        Assert.Equal(0, budget.Left);
    }

    [Fact]
    public void What_is_older_than_the_window_is_forgotten()
    {
        var budget = new RetryBudget(new RetryBudgetOptions { MinPerSecond = 0 }, _time);
        for (var request = 0; request < 100; request++)
            budget.CountRequest();
        _time.Advance(TimeSpan.FromSeconds(5));
        Assert.Equal(20, Taken(budget, 100));

        // The requests leave the window, then the attempts.
        _time.Advance(TimeSpan.FromSeconds(5));
        for (var request = 0; request < 150; request++)
            budget.CountRequest();
        Assert.Equal(10, budget.Left);
        _time.Advance(TimeSpan.FromSeconds(5));
        Assert.Equal(30, budget.Left);
        _time.Advance(TimeSpan.FromSeconds(5));
        Assert.Equal(0, budget.Left);
    }

    [Fact]
    public void When_everything_fails_for_minutes_the_ratio_holds()
    {
        var budget = new RetryBudget(new RetryBudgetOptions { MinPerSecond = 3 }, _time);
        var attempts = 0;
        for (var request = 0; request < 60_000; request++)
        {
            if (request % 10 == 0)
                _time.Advance(TimeSpan.FromMilliseconds(100));
            budget.CountRequest();
            attempts += Taken(budget, 3);
        }

        // 600 seconds: 20 % of 60,000 and 3 a second, and at most a window's worth more.
        Assert.InRange(attempts, 13_000, 13_800 + 230);
    }

    [Fact]
    public async Task Threads_together_take_no_more_than_there_is()
    {
        var budget = new RetryBudget(new RetryBudgetOptions { MinPerSecond = 0 }, _time);
        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(() =>
        {
            for (var request = 0; request < 5000; request++)
                budget.CountRequest();
        })));
        var taken = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(() => Taken(budget, 3000))));

        Assert.Equal(4000, taken.Sum());
    }

    private static int Taken(RetryBudget budget, int tries) => Enumerable.Range(0, tries).Count(_ => budget.TryTake());
}
