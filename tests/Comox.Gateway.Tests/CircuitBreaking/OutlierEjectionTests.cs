using Comox.Gateway.CircuitBreaking;
using FsCheck;
using FsCheck.Fluent;

namespace Comox.Gateway.Tests.CircuitBreaking;

public sealed class OutlierEjectionTests
{
    private static readonly BackendHealth Well = new(true, 100, 0, 0.2);

    [Fact]
    public void The_one_whose_answers_fail_is_left_out() =>
        Assert.Equal(("++-+", new PoolHealth(3, 1, false)), Judge([Well, Well, Well with { Successes = 50, Failures = 50 }, Well]));

    [Fact]
    public void The_one_whose_first_tokens_come_late_is_left_out() =>
        Assert.Equal(("+-++", new PoolHealth(3, 1, false)), Judge([Well, Well with { FirstTokenSeconds = 3 }, Well, Well]));

    [Fact]
    public void Much_slower_is_no_outlier_while_the_difference_is_small() =>
        Assert.Equal(0, Judge([Well, Well, Well, Well with { FirstTokenSeconds = 1.1 }]).Health.Ejected);

    [Fact]
    public void When_all_are_bad_nobody_is_worse_than_the_others() =>
        Assert.Equal(0, Judge([.. Enumerable.Repeat(new BackendHealth(true, 20, 80, 30), 4)]).Health.Ejected);

    [Fact]
    public void Who_has_too_few_outcomes_is_not_judged_and_neither_is_a_pair() =>
        Assert.Equal((0, 0), (
            Judge([Well, Well, Well, new BackendHealth(true, 0, 9, double.NaN)]).Health.Ejected,
            Judge([Well, Well with { Successes = 0, Failures = 100 }]).Health.Ejected));

    [Fact]
    public void An_unknown_latency_is_neither_good_nor_bad() =>
        Assert.Equal(0, Judge([Well with { FirstTokenSeconds = double.NaN }, Well, Well, Well]).Health.Ejected);

    [Fact]
    public void No_more_are_left_out_than_may_be_and_the_worst_go_first()
    {
        var pool = Enumerable.Repeat(Well, 6).ToArray();
        pool[1] = Well with { Successes = 60, Failures = 40 };
        pool[2] = Well with { Successes = 10, Failures = 90 };
        pool[4] = Well with { Successes = 40, Failures = 60 };
        // 34 % of six are two; the median of six with three ill lies between well and ill.
        Assert.Equal(("++-+-+", new PoolHealth(4, 2, false)), Judge(pool, new OutlierOptions { SuccessGap = 0.15 }));

        // An open circuit counts as one that is out already.
        pool[5] = Well with { Admissible = false };
        Assert.Equal(("++-++-", new PoolHealth(4, 1, false)), Judge(pool, new OutlierOptions { SuccessGap = 0.15 }));
    }

    [Fact]
    public void When_fewer_than_half_are_left_all_are_used_again()
    {
        var down = Well with { Admissible = false };
        Assert.Equal(("++--", new PoolHealth(2, 0, false)), Judge([Well, Well, down, down]));
        Assert.Equal(("++++", new PoolHealth(4, 0, true)), Judge([Well, down, down, down]));
        Assert.Equal(("+---", new PoolHealth(1, 0, false)), Judge([Well, down, down, down], new OutlierOptions { PanicBelow = 0 }));
    }

    [Fact]
    public void Never_are_more_left_out_than_may_be_and_never_fewer_used_than_the_panic_threshold()
    {
        var backend = Gen.Choose(0, 40).Zip(Gen.Choose(0, 40), (successes, failures) => (successes, failures))
            .Zip(Gen.Choose(0, 50), (outcomes, tenths) => new BackendHealth(outcomes.successes % 7 != 0, outcomes.successes, outcomes.failures, tenths == 0 ? double.NaN : tenths / 10.0));
        Prop.ForAll(backend.ListOf().ToArbitrary(), backends =>
        {
            BackendHealth[] pool = [.. backends];
            var (admitted, health) = Judge(pool);
            var down = pool.Count(one => !one.Admissible);
            return health.Admitted == admitted.Count(one => one == '+')
                && health.Admitted >= pool.Length * 0.5
                && health.Ejected <= Math.Max(0, Math.Max(1, (int)(pool.Length * 0.34)) - down)
                && (health.Panic || pool.Zip(admitted).All(pair => pair.First.Admissible || pair.Second == '-'));
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(1000).WithQuietOnSuccess(true));
    }

    /// <summary>Who is admitted as a plus, who is not as a minus.</summary>
    private static (string Admitted, PoolHealth Health) Judge(BackendHealth[] pool, OutlierOptions? options = null)
    {
        var admitted = new bool[pool.Length];
        var health = OutlierEjection.Judge(pool, options ?? new OutlierOptions(), admitted);
        return (string.Concat(admitted.Select(one => one ? '+' : '-')), health);
    }
}
